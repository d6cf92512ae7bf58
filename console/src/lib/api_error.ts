import { displayText } from "./format.ts";

/** The node answered with an error, or not at all. The message is for people. */
export class ApiError extends Error {
  override name = "ApiError";

  /** @param status of the answer; `null` where there was none. @param body its JSON, where it had one. */
  constructor(
    message: string,
    readonly status: number | null,
    { body = null, ...options }: ErrorOptions & { readonly body?: unknown } = {},
  ) {
    super(displayText(message), options);
    this.body = body;
  }

  readonly body: unknown;

  /** The fields of the error, such as the `code` that programs know it by. */
  get details(): Readonly<Record<string, unknown>> {
    const { error } = (this.body ?? {}) as { readonly error?: Readonly<Record<string, unknown>> };
    return error ?? {};
  }
}

/** The reason why something failed, for people. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
