/** Sentences of comments and docs that begin with "Who", "What" or "Where" must ask something; "Whoever" begins none. Pure. */

import type { Offence, SourceFile } from "./import_rules.ts";

/** A whole comment on its own lines, or the comment behind a line of code. */
const COMMENT_LINE = /^\s*(?:\{?\/\*\*?|\*(?!\/)|\/\/)\s?(.*?)(?:\*\/.*)?$|\s\/\/\s(.*)$/;

/** A list item, a heading, a cell, a tag: each begins a sentence of its own. */
const OWN_START = /^\s*(?:[-*] |\d+\. |#+ |\||@\w+ |>)/;

/** A heading and a row of a table: no line goes on with them. */
const ENDS_ITSELF = /^[#|]/;

/** The start of a text or of a cell, or a space behind the end of a sentence, which quotes and stars may close. */
const BEGINNING =
  /(?<=^(?:[-*] |\d+\. |#+ |@\w+ )?|[.!?]["'”)*`]*\s|\|\s)\**(Who|Whoever|What|Where)\b/g;

const END = /[.!?](?=["'”)*`]*(?:\s|$))/g;

/** Complains about each sentence that begins like a question and does not end like one. */
export function checkSentences({ path, text }: SourceFile): readonly Offence[] {
  const texts = path.endsWith(".md") ? textsOfPage(text) : textsOfComments(text);
  return texts.flatMap(({ lines, line }) => offencesIn(path, lines, line));
}

/** Lines that are read as one text, and the number of the first. */
interface Text {
  readonly lines: readonly string[];
  readonly line: number;
}

function offencesIn(path: string, lines: readonly string[], first: number): readonly Offence[] {
  const text = lines.join("\n");
  return [...text.matchAll(BEGINNING)].flatMap(({ index, 1: word }) => {
    if (asks(text, index)) return [];
    const line = first + text.slice(0, index).split("\n").length - 1;
    const message = `a sentence begins with "${word}" and asks nothing: give it a subject`;
    return [{ path, line, message }];
  });
}

function asks(text: string, from: number): boolean {
  END.lastIndex = from;
  return END.exec(text)?.[0] === "?";
}

/** One line of a text; `undefined` stands for a line that belongs to none. */
type Line = { readonly words: string; readonly isStart: boolean } | undefined;

/** Consecutive comment lines belong together; a comment behind code is one of its own. */
function textsOfComments(text: string): readonly Text[] {
  return textsOf(
    text.split("\n").map((line): Line => {
      const [, ofLine, behindCode] = COMMENT_LINE.exec(line) ?? [];
      const words = (ofLine ?? behindCode ?? "").trim();
      const isStart = ofLine === undefined || /^\s*\{?\/\*/.test(line);
      return words === "" ? undefined : { words, isStart };
    }),
  );
}

function textsOfPage(text: string): readonly Text[] {
  let isCode = false;
  return textsOf(
    text.split("\n").map((line): Line => {
      if (line.startsWith("```")) isCode = !isCode;
      const isProse = !isCode && !/^(?:```| {4}|\s*$)/.test(line);
      return isProse ? { words: line.trim(), isStart: false } : undefined;
    }),
  );
}

function textsOf(lines: readonly Line[]): readonly Text[] {
  const texts: { lines: string[]; line: number }[] = [];
  lines.forEach((line, index) => {
    if (line === undefined) return;
    const before = lines[index - 1];
    const goesOn = before !== undefined && !ENDS_ITSELF.test(before.words) && !line.isStart &&
      !OWN_START.test(line.words);
    if (goesOn) texts.at(-1)?.lines.push(line.words);
    else texts.push({ lines: [line.words], line: index + 1 });
  });
  return texts;
}
