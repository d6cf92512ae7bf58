import { BodyReader } from "../../base/body_reader.ts";
import { SourceStream } from "../../base/body_source.ts";
import { isEventStream } from "../../base/event_stream.ts";
import { TunnelError } from "../../tunnel/mod.ts";

/** llama-server's words for a computation that failed, whatever the backend; its GPU may be lost. */
const FAILED = /decode\(\) failed|Compute error|Device ?Lost/i;

/** In an event, where no text of the model's can stand: that has a backslash before its quotation marks. */
const ERROR_FIELD = '"error":{';

const LATIN1 = new TextDecoder("latin1");

/**
 * A llama-server that has lost its GPU answers with its own error before anybody knows of the loss. Such an answer breaks
 * off here, as where a server crashes: so another instance, or the next llama-server, goes on with it.
 * @param hasLost resolves with whether the server was ended for that, which is waited for
 * @throws {TunnelError} in place of an answer that is nothing but that error
 */
export async function withoutLoss(
  response: Response,
  hasLost: () => Promise<boolean>,
): Promise<Response> {
  const { status, headers, body } = response;
  if (body === null) return response;
  if (isEventStream(response)) {
    return new Response(watched(body, hasLost), { status, headers });
  }
  if (status < 500) return response;
  const text = await response.text();
  if (FAILED.test(text) && await hasLost()) throw lost(text);
  return new Response(text, { status, headers });
}

function watched(
  body: ReadableStream<Uint8Array>,
  hasLost: () => Promise<boolean>,
): ReadableStream<Uint8Array> {
  const reader = new BodyReader(body);
  let failure: Error | null = null;
  return new SourceStream({
    async read() {
      if (failure !== null) throw failure;
      const bytes = await reader.read();
      const text = bytes === null ? "" : LATIN1.decode(bytes);
      const isFailure = text.includes(ERROR_FIELD) && FAILED.test(text);
      if (!isFailure || !await hasLost()) return bytes;
      failure = lost(text);
      reader.cancel(); // its connection is broken by now
      // Events before it are whole and true.
      const before = text.lastIndexOf("data: ", text.indexOf(ERROR_FIELD));
      if (before > 0) return bytes!.subarray(0, before);
      throw failure;
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function lost(words: string): TunnelError {
  return new TunnelError(`llama-server lost its GPU while it had the request: ${words.trim()}`);
}
