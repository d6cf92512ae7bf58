/**
 * The parts of other clients' packages that the cases use: their own types take `deno check` longer than all of this
 * program's.
 */

/** Of `ollama`. */
export class Ollama {
  constructor(options: { readonly host: string });
  chat(
    request: { readonly stream: true; readonly [field: string]: unknown },
  ): Promise<OllamaStream>;
  chat(request: object): Promise<OllamaAnswer>;
  generate(
    request: { readonly stream: true; readonly [field: string]: unknown },
  ): Promise<OllamaStream>;
  generate(request: object): Promise<OllamaAnswer>;
  embed(request: object): Promise<{ readonly embeddings: number[][] }>;
  list(): Promise<OllamaModels>;
  ps(): Promise<OllamaModels>;
  show(request: object): Promise<{
    readonly capabilities: readonly string[];
    readonly model_info: object;
  }>;
  version(): Promise<{ readonly version: string }>;
  abort(): void;
}

export interface OllamaAnswer {
  readonly model: string;
  readonly message: { readonly content: string };
  readonly response: string;
  readonly done: boolean;
  readonly done_reason: string;
  readonly eval_count: number;
  readonly eval_duration: number;
  readonly prompt_eval_count: number;
}

export interface OllamaStream extends AsyncIterable<OllamaAnswer> {
  abort(): void;
}

export interface OllamaModels {
  readonly models: readonly { readonly name: string; readonly size: number }[];
}

/** Of `ai-sdk-ollama`. */
export function createOllama(options: object): (model: string) => unknown;

/** Of LangChain's packages. */
declare class Chat {
  constructor(options: object);
  invoke(asked: unknown, options?: object): Promise<ChatAnswer>;
  stream(asked: unknown): Promise<AsyncIterable<ChatAnswer>>;
  bindTools(tools: readonly object[], options?: object): Chat;
  withStructuredOutput(schema: object, options?: object): {
    invoke(asked: unknown): Promise<unknown>;
  };
}

export interface ChatAnswer {
  readonly text: string;
  readonly tool_calls?: readonly { readonly name: string; readonly args: { city: unknown } }[];
  readonly usage_metadata?: { readonly output_tokens: number };
}

export { Chat as ChatAnthropic, Chat as ChatOllama, Chat as ChatOpenAI };

declare class Embeddings {
  constructor(options: object);
  embedDocuments(texts: readonly string[]): Promise<number[][]>;
}

export { Embeddings as OllamaEmbeddings, Embeddings as OpenAIEmbeddings };

/** Of `@openai/agents`. */
export class Agent {
  constructor(options: object);
}

export class OpenAIProvider {
  constructor(options: object);
}

export class Runner {
  constructor(options: object);
  run(agent: Agent, input: string, options: { readonly stream: true }): Promise<StreamedRun>;
  run(agent: Agent, input: string): Promise<{ readonly finalOutput?: unknown }>;
}

export interface StreamedRun {
  toTextStream(): AsyncIterable<string>;
  readonly completed: Promise<void>;
}

export function tool(options: object): object;
