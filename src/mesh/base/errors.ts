/** Errors that a caller of the mesh tells apart. */

/** The text given as an invite token is not one, or no longer one. The program exits with 2. */
export class InvalidTokenError extends Error {
  override name = "InvalidTokenError";
}

/** The data directory belongs to another mesh than the token, and leaving it was not asked for. */
export class BoundToOtherMeshError extends Error {
  override name = "BoundToOtherMeshError";
  constructor(readonly boundMeshId: string, readonly tokenMeshId: string) {
    super(
      `Cannot join mesh ${tokenMeshId}: this data directory belongs to mesh ${boundMeshId}; ` +
        "pass --leave to leave that one, or another --data-dir",
    );
  }
}

/** A client was started without a token, and its data directory knows no mesh. */
export class NoMeshError extends Error {
  override name = "NoMeshError";
}

/** This node's own grant does not cover what was asked of it. */
export class NotAllowedError extends Error {
  override name = "NotAllowedError";
}

/** A file of the data directory is damaged or cannot be read or written. */
export class DataDirectoryError extends Error {
  override name = "DataDirectoryError";
}

/** Another program, or another node, holds the UDP port. */
export class UdpPortInUseError extends Error {
  override name = "UdpPortInUseError";
  constructor(readonly port: number, options?: ErrorOptions) {
    super(
      `UDP port ${port} is in use by another program: stop it, or choose another with --bind-port`,
      options,
    );
  }
}

/** No address of the peer answered. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

/** The peer does not accept this node, or this node does not accept the peer. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

/** One end has looked at what the other shows at a join, and says no: it is no accident of the connection. */
export class JoinRefusedError extends RefusedError {
  override name = "JoinRefusedError";
}

/** The node's membership is over: its invite was revoked or has expired, or a copy of the node runs already. */
export class MembershipEndedError extends Error {
  override name = "MembershipEndedError";
}

/** No certificate of this name is known. */
export class UnknownInviteError extends Error {
  override name = "UnknownInviteError";
}

/** No machine of this PeerId is known. */
export class UnknownMachineError extends Error {
  override name = "UnknownMachineError";
}

/** A record that a peer passed on was valid once: its signer's membership is over. */
export class StaleMessageError extends Error {
  override name = "StaleMessageError";
}

/** A peer said something that a node of a later version may understand. It is left out, and held against nobody. */
export class UnknownKindError extends Error {
  override name = "UnknownKindError";
}

/** A peer does more of something than one peer may. */
export class RateExceededError extends Error {
  override name = "RateExceededError";
}
