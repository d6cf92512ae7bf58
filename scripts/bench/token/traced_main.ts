/**
 * The program, with every read and write of TCP and of the QUIC addon counted. SIGUSR2 makes it write what it has
 * counted so far to the file that MESH_LLM_TRACE names.
 */

import { loadAddon } from "../../../src/mesh/quic/addon.ts";

/** Calls of one kind. */
interface Calls {
  count: number;
  bytes: number;
  /** In the call itself, before it has given its promise. */
  callMs: number;
}

export type Trace = Readonly<Record<string, Calls>>;

const calls: Record<string, Calls> = {};

type Method = (this: unknown, argument: unknown) => Promise<unknown>;

function count(prototype: object, method: string, name: string): void {
  const own: Calls = calls[name] = { count: 0, bytes: 0, callMs: 0 };
  const methods = prototype as Record<string, Method>;
  const original = methods[method]!;
  methods[method] = function (argument) {
    const startedMs = performance.now();
    const result = original.call(this, argument);
    own.callMs += performance.now() - startedMs;
    own.count++;
    result.then((value) => own.bytes += sizeOf(value) ?? sizeOf(argument) ?? 0, () => {});
    return result;
  };
}

function sizeOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return value instanceof Uint8Array ? value.length : undefined;
}

const tcp = await connectionPrototype();
count(tcp, "read", "TCP reads");
count(tcp, "write", "TCP writes");
const addon = loadAddon() as unknown as Record<"Stream", { prototype: object }>;
count(addon.Stream.prototype, "read", "QUIC reads");
count(addon.Stream.prototype, "write", "QUIC writes");

const path = Deno.env.get("MESH_LLM_TRACE") ?? "";
Deno.addSignalListener("SIGUSR2", () => {
  Deno.writeTextFileSync(`${path}.part`, JSON.stringify(calls));
  Deno.renameSync(`${path}.part`, path);
});

/** Deno names no class of it. */
async function connectionPrototype(): Promise<object> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  return Object.getPrototypeOf(Object.getPrototypeOf(connection));
}

await import("../../../main.ts");
