import { renameModel } from "./rename_model.ts";
import { InstanceUnavailableError } from "./types.ts";
import type { ForwardRequest, GatewayInstance, GatewayNode } from "./types.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** An answer whose first byte has come. */
export interface OpenAnswer {
  readonly instance: GatewayInstance;
  readonly response: Response;
  /** `null` where the answer has no body. */
  readonly body: { readonly first: Uint8Array | undefined; readonly rest: Reader } | null;
}

/**
 * Asks an instance and waits for the first byte of its answer: until then the caller has seen nothing,
 * and another instance may be asked.
 * @throws {InstanceUnavailableError} where it may.
 */
export async function openAnswer(
  node: GatewayNode,
  instance: GatewayInstance,
  request: ForwardRequest,
): Promise<OpenAnswer> {
  const answer = await node.forward(instance, request);
  const response = renameModel(answer, instance.model, request.asked);
  if (response.body === null) return { instance, response, body: null };
  const rest = response.body.getReader();
  try {
    const { value: first } = await rest.read();
    return { instance, response, body: { first, rest } };
  } catch (cause) {
    request.signal.throwIfAborted();
    throw new InstanceUnavailableError("The answer broke off before its first byte", { cause });
  }
}

/** Of the last three exactly one is called. */
export interface RelayEvents {
  passed(chunk: Uint8Array): void;
  /** The answer came whole. */
  completed(): void;
  /** It did not, and the caller's connection breaks off. */
  broke(error: unknown): void;
  /** The caller went away. */
  cancelled(): void;
}

/** The answer's bytes as the caller reads them: one chunk at a time, and none before it is asked for. */
export function relay(
  { first, rest }: NonNullable<OpenAnswer["body"]>,
  events: RelayEvents,
): ReadableStream<Uint8Array> {
  let pending = first;
  return new ReadableStream({
    async pull(controller) {
      try {
        const chunk = pending ?? (await rest.read()).value;
        pending = undefined;
        if (chunk === undefined) {
          events.completed();
          controller.close();
        } else {
          events.passed(chunk);
          controller.enqueue(chunk);
        }
      } catch (error) {
        events.broke(error);
        // The connection breaks off, so that the caller does not take a part for the whole.
        controller.error(error);
      }
    },
    async cancel(reason) {
      events.cancelled();
      await rest.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
