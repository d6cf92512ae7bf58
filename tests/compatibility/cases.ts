/** All rows of docs/compatibility.md, in its order. */

import { AGENTS_CASES } from "./agents_cases.ts";
import { AI_SDK_CASES } from "./ai_sdk_cases.ts";
import { ANTHROPIC_CASES } from "./anthropic_cases.ts";
import { FETCH_CASES } from "./fetch_cases.ts";
import { LANGCHAIN_CASES } from "./langchain_cases.ts";
import { OLLAMA_CASES } from "./ollama_cases.ts";
import { OLLAMA_PROVIDER_CASES } from "./ollama_provider_cases.ts";
import { OPENAI_CASES } from "./openai_cases.ts";

/** Of clients that leave the process that they run in as they found it. */
export const CASES_HERE = [...OPENAI_CASES, ...ANTHROPIC_CASES, ...AI_SDK_CASES, ...FETCH_CASES];

/**
 * Of clients that leave timers and connections behind, or listen to their process's signals and end it: each gets a
 * process of its own.
 */
export const CASES_APART = [
  ...AGENTS_CASES,
  ...OLLAMA_CASES,
  ...OLLAMA_PROVIDER_CASES,
  ...LANGCHAIN_CASES,
];

export const CASES = [
  ...OPENAI_CASES,
  ...ANTHROPIC_CASES,
  ...AI_SDK_CASES,
  ...CASES_APART,
  ...FETCH_CASES,
];
