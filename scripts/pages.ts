/** Pages and files of the program that comments and docs name: each must exist. Pure. */

import { posix } from "node:path";
import type { Offence, SourceFile } from "./import_rules.ts";

const PAGE = /(?<![\w./:-])((?:[\w.-]+\/)*[\w-]+\.md)\b/g;

/** A file of the program in a comment, by its path from the root. */
const SOURCE = /(?<![\w./-])((?:src|tests|scripts|console)\/[\w./-]+\.tsx?)\b/g;

/** ... and in a page, where paths begin below `src` as well. A name without a folder says no place. */
const QUOTED_SOURCE = /`((?:[\w-]+\/)+[\w-]+\.tsx?)`/g;

/** Our own pages only: what stands behind `https://` is somebody else's. */
const LINK = /\]\((?!\w+:)([^)#\s]+)[^)]*\)/g;

/**
 * The names in one file that `exists` does not know: a page by its links and its paths, any other file by its comments.
 */
export function checkPages(
  { path, text }: SourceFile,
  exists: (path: string) => boolean,
): readonly Offence[] {
  const named = path.endsWith(".md") ? namesIn(text) : namesInComments(text);
  return named.flatMap(({ name, line }) =>
    placesOf(path, name).some(exists)
      ? []
      : [{ path, line, message: `it names ${name}, which is not in the repository` }]
  );
}

interface Named {
  readonly name: string;
  readonly line: number;
}

function namesInComments(text: string): readonly Named[] {
  return text.split("\n").flatMap((line, index) => {
    const comment = /^\s*(?:\/\*\*?|\*|\/\/)(.*)$|\s\/\/\s(.*)$/.exec(line);
    const words = comment?.[1] ?? comment?.[2] ?? "";
    const names = [...words.matchAll(PAGE), ...words.matchAll(SOURCE)];
    return names.map(([name]) => ({ name, line: index + 1 }));
  });
}

function namesIn(text: string): readonly Named[] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(LINK), ...line.matchAll(QUOTED_SOURCE)]
      .map(([, name = ""]) => ({ name, line: index + 1 }))
  );
}

/** From the root, from where it is named, a page by its own name where it lies in `docs`, and a file from `src`. */
function placesOf(path: string, name: string): readonly string[] {
  return [
    name,
    posix.join(posix.dirname(path), name),
    posix.join("docs", name),
    posix.join("src", name),
  ];
}
