import type { Mesh, OpenOptions, PeerId } from "../../mesh/mod.ts";
import type { OpenStream } from "../../tunnel/mod.ts";

/** To the peer's rpc-server: docs/protocols.md. */
export const RPC_PROTOCOL = "/mesh-llm/rpc/1";

/** To an instance of a model: docs/protocols.md. */
export const HTTP_PROTOCOL = "/mesh-llm/http/1";

/** To the files of models that a member has announced: docs/protocols.md. */
export const FILE_PROTOCOL = "/mesh-llm/file/1";

/** The tunnel's way to a peer: a stream of the mesh. */
export function opener(
  mesh: Mesh,
  protocol: string,
  options: Pick<OpenOptions, "optimistic"> = {},
): OpenStream {
  return (peer, signal) => mesh.open(peer as PeerId, protocol, { ...options, signal });
}
