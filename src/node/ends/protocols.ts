import type { Mesh, OpenOptions, PeerId } from "../../mesh/mod.ts";
import type { OpenStream } from "../../tunnel/mod.ts";

/** To the peer's rpc-server: design.md 6. */
export const RPC_PROTOCOL = "/mesh-llm/rpc/1";

/** To an instance of a model: design.md 6. */
export const HTTP_PROTOCOL = "/mesh-llm/http/1";

/** To the files of models that a member has announced: design.md 6. */
export const FILE_PROTOCOL = "/mesh-llm/file/1";

/** The tunnel's way to a peer: a stream of the mesh. */
export function opener(
  mesh: Mesh,
  protocol: string,
  options: Pick<OpenOptions, "optimistic"> = {},
): OpenStream {
  return (peer, signal) => mesh.open(peer as PeerId, protocol, { ...options, signal });
}
