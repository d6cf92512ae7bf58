/** Streams between two members that nobody can dial, over a relay in a process of its own. */

import { join } from "node:path";
import type { PeerId } from "../../../src/mesh/mod.ts";
import type { NodeProcess } from "../../../tests/support/node_process.ts";
import { startRelayProcess } from "../../../tests/support/relay_process.ts";
import type { Link } from "../transport/link.ts";
import { addRelay, startBenchMember } from "./member.ts";

/** Nobody is there, and no packet leaves for it. */
const interfaces = () => [{ name: "eth0", address: "fd00:dead::1" }];

/** Its streams are what a split's are. */
const PROTOCOL = "/mesh-llm/rpc/1";

interface Place {
  readonly token: string;
  readonly peer: PeerId;
}

let relay: NodeProcess | undefined;
const folders: string[] = [];

async function folder(): Promise<string> {
  const path = await Deno.makeTempDir({ prefix: "mesh-llm-bench-" });
  folders.push(path);
  return path;
}

export const carriedLink: Link = {
  async listen(serve) {
    const path = await folder();
    relay = await startRelayProcess({ dataDir: join(path, "relay") });
    const { claim } = await relay.waitFor("relay");
    const mesh = await startBenchMember({ dataDir: join(path, "near"), token: null, interfaces });
    mesh.handle(PROTOCOL, { maxStreams: 100 }, serve);
    await addRelay(mesh, String(claim));
    const token = await mesh.invite({ role: "member" });
    return JSON.stringify({ token, peer: mesh.self } satisfies Place);
  },
  async dial(address) {
    const { token, peer } = JSON.parse(address) as Place;
    const dataDir = join(await folder(), "far");
    const mesh = await startBenchMember({ dataDir, token, interfaces });
    return () => mesh.open(peer, PROTOCOL);
  },
  helpers: () => relay === undefined ? [] : [relay.pid],
  async close() {
    await relay?.[Symbol.asyncDispose]();
    for (const path of folders) await Deno.remove(path, { recursive: true });
  },
};
