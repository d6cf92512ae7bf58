import type { MappingProtocol } from "../base/port_mapping.ts";
import type { Route } from "./route.ts";

export interface MapRequest {
  /** UDP, on this machine. */
  readonly port: number;
  /** The wish for the outside. */
  readonly externalPort: number;
  readonly signal: AbortSignal;
}

/** A router that lets programs open ports. */
export interface Router {
  readonly by: MappingProtocol;
  /** Its address towards the internet; `0.0.0.0` where it has none. */
  externalAddress(signal: AbortSignal): Promise<string>;
  /** Answers with the port outside. Asked again for the same port, it renews. @throws in the router's words. */
  map(request: MapRequest): Promise<number>;
  unmap(request: MapRequest): Promise<void>;
}

/** `null` where the route's router does not speak the protocol. */
export type FindRouter = (route: Route, signal: AbortSignal) => Promise<Router | null>;
