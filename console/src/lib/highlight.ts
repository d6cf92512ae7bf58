/** Colours for code, as a tree. The languages that people ask about most; others stay plain. Pure. */

import type { LanguageFn } from "highlight.js";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import { HIGHLIGHT_MAX_CHARS } from "./defaults.ts";

/** Text, or text with a class of highlight.js. */
export type CodeNode =
  | string
  | { readonly className: string; readonly children: readonly CodeNode[] };

/** The files carry no types of their own, and what is guessed of them is too narrow. */
const LANGUAGES: unknown = {
  bash,
  cpp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
};

const lowlight = createLowlight(LANGUAGES as Record<string, LanguageFn>);

interface Hast {
  readonly type: string;
  readonly value?: string;
  readonly properties?: { readonly className?: unknown };
  readonly children?: readonly Hast[];
}

function nodeOf(node: Hast): CodeNode {
  if (node.type === "text") return node.value ?? "";
  const names = node.properties?.className;
  return {
    className: Array.isArray(names) ? names.join(" ") : "",
    children: (node.children ?? []).map(nodeOf),
  };
}

/** Code as it is where its language is not known, or where colours would take too long. */
export function highlight(code: string, language: string): readonly CodeNode[] {
  const name = language.toLowerCase();
  if (code.length > HIGHLIGHT_MAX_CHARS || !lowlight.registered(name)) return [code];
  return (lowlight.highlight(name, code).children as readonly Hast[]).map(nodeOf);
}
