/** The instance could not be asked, or its answer broke off. Before a `Response` exists nothing was answered. */
export class TunnelError extends Error {
  override name = "TunnelError";
}

/** llama-server crashed while it had the request. */
export class CrashedError extends TunnelError {
  override name = "CrashedError";
}

/** No stream to the peer could be opened: it knows nothing of the request. */
export class UnreachableError extends TunnelError {
  override name = "UnreachableError";
}

/** The peer no longer serves the model: ask for the routes again and try the next. */
export class MovedError extends Error {
  override name = "MovedError";
  constructor(readonly peer: string, readonly model: string) {
    super(`Could not ask ${peer} for "${model}": it no longer serves that model`);
  }
}

/** A peer sent bytes that are no frame of the protocol. */
export class FrameError extends TunnelError {
  override name = "FrameError";
}
