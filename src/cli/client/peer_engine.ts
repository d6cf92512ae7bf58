/** Which llama.cpp another machine of the mesh has, as the running node knows it. */

import type { Status } from "../../api/mod.ts";
import type { EngineSource } from "../../engine/mod.ts";
import { findRunningNode, NodeAnswerError } from "./running_node.ts";

export interface PeerEngine {
  /** As the machine calls itself. */
  readonly name: string;
  /** llama.cpp's own number of its build. */
  readonly build: string;
  readonly rpcProtocol: string;
  /** `null` where it was not installed by mesh-llm, or is not told. */
  readonly source: EngineSource | null;
  /** The tag of the release that has this build. */
  readonly tag: string;
  /** This machine, as that one knows it. */
  readonly selfName: string;
}

/** @param peer a name, or the beginning of an id. @throws {NodeNotRunningError | NodeAnswerError} */
export async function askPeerEngine(dataDir: string, peer: string): Promise<PeerEngine> {
  const node = await findRunningNode(dataDir);
  return peerEngineOf(await node.get("/api/status") as Status, peer);
}

export function peerEngineOf({ node, peers }: Status, peer: string): PeerEngine {
  const named = peers.filter(({ name }) => name === peer);
  const found = named.length > 0 ? named : peers.filter(({ id }) => id.startsWith(peer));
  const [one, ...more] = found;
  if (one === undefined) {
    const known = peers.map(({ name }) => name).join(", ");
    throw new NodeAnswerError(
      `There is no machine ${peer} in the mesh` + (known === "" ? "" : `, only ${known}`),
    );
  }
  if (more.length > 0) {
    throw new NodeAnswerError(
      `There are ${found.length} machines ${peer} in the mesh: name one by its id, such as ${one.id}`,
    );
  }
  const { name, engine } = one;
  if (engine === null || !/^\d+$/.test(engine.build)) {
    throw new NodeAnswerError(
      `${name} does not say which llama.cpp it has: run mesh-llm engine install on both machines`,
    );
  }
  const { build, rpcProtocol, origin = null } = engine;
  const [source = "", tag = `b${build}`] = origin?.split(":") ?? [];
  return {
    name,
    build,
    rpcProtocol,
    source: source === "release" || source === "debian" ? source : null,
    tag,
    selfName: node.name,
  };
}
