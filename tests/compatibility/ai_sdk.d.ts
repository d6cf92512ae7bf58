/**
 * The part of the package `ai` that the cases use: its own types are nested so deeply that `deno check` gives up on
 * them.
 */

export interface Answer {
  readonly text: string;
  readonly usage: { readonly outputTokens?: number };
  readonly toolCalls: readonly { readonly input: { readonly city: unknown } }[];
  readonly output: { readonly city: unknown };
}

export interface StreamedAnswer {
  readonly textStream: AsyncIterable<string>;
  readonly usage: Promise<{ readonly inputTokens?: number }>;
}

export function generateText(options: object): Promise<Answer>;
export function streamText(options: object): StreamedAnswer;
export function embedMany(options: object): Promise<{ readonly embeddings: number[][] }>;
export function tool(options: object): unknown;
export function jsonSchema(schema: object): unknown;
export const Output: { object(options: object): unknown };
