/** Pages that comments and docs name: each must exist. Pure. */

import { posix } from "node:path";
import type { Offence, SourceFile } from "./import_rules.ts";

const PAGE = /(?<![\w./:-])((?:[\w.-]+\/)*[\w-]+\.md)\b/g;

/** Our own pages only: what stands behind `https://` is somebody else's. */
const LINK = /\]\((?!\w+:)([^)#\s]+)[^)]*\)/g;

/** Names of pages in the comments of one source file, with those that `exists` does not know. */
export function checkPages(
  { path, text }: SourceFile,
  exists: (path: string) => boolean,
): readonly Offence[] {
  const named = path.endsWith(".md") ? linksOf(text) : pagesInComments(text);
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

function pagesInComments(text: string): readonly Named[] {
  return text.split("\n").flatMap((line, index) => {
    const comment = /^\s*(?:\/\*\*?|\*|\/\/)(.*)$|\s\/\/\s(.*)$/.exec(line);
    const words = comment?.[1] ?? comment?.[2] ?? "";
    return [...words.matchAll(PAGE)].map(([name]) => ({ name, line: index + 1 }));
  });
}

function linksOf(text: string): readonly Named[] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(LINK)].map(([, name = ""]) => ({ name, line: index + 1 }))
  );
}

/** A page is named from the root, from where it is named, or by its own name where it lies in `docs`. */
function placesOf(path: string, name: string): readonly string[] {
  return [name, posix.join(posix.dirname(path), name), posix.join("docs", name)];
}
