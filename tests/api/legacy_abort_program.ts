// deno-lint-ignore-file no-console
/** Serves one request whose signal is read, which makes Deno warn, and warns by itself. */
import { silenceLegacyAbortWarning } from "../../src/api/legacy_abort.ts";

if (Deno.args.includes("silence")) silenceLegacyAbortWarning();
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ signal }) => {
  return new Response(`${signal.aborted}`);
});
await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
await server.shutdown();
console.warn("a warning of its own");
