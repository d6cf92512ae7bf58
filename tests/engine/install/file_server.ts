/** A download server with bad manners: hand-written, since it must break off in the middle of a body. */

import { createHash } from "node:crypto";

export interface FileServerOptions {
  readonly file: Uint8Array;
  /** Breaks the first answers off after so many bytes each. */
  readonly breakOffAfter?: readonly number[];
  readonly ignoresRange?: boolean;
  readonly onRequest?: () => void;
}

export interface FileServer extends AsyncDisposable {
  readonly url: string;
  /** The `range` header of each request. */
  readonly ranges: readonly (string | null)[];
}

export function serveFile(
  { file, breakOffAfter = [], ignoresRange = false, onRequest }: FileServerOptions,
): FileServer {
  const ranges: (string | null)[] = [];
  const breaks = [...breakOffAfter];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError },
    (request) => {
      const range = request.headers.get("range");
      ranges.push(range);
      onRequest?.();
      const [, from, to] = ignoresRange ? [] : /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
      const start = Number(from ?? 0);
      const rest = file.slice(start, to === undefined ? file.length : Number(to) + 1);
      const breakAt = breaks.shift();
      return new Response(breakAt === undefined ? rest : brokenOff(rest.slice(0, breakAt)), {
        status: from === undefined ? 200 : 206,
        headers: {
          "content-length": String(rest.length),
          ...(from === undefined ? {} : {
            "content-range": `bytes ${start}-${start + rest.length - 1}/${file.length}`,
          }),
        },
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/file`,
    ranges,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A body that ends with an error after its first bytes: the connection is cut. */
function brokenOff(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new Error("broken off on purpose"));
      sent = true;
      controller.enqueue(bytes);
    },
  });
}

function onError(): Response {
  return new Response(null, { status: 500 });
}
