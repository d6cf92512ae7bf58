import type { MeshConfig } from "../base/config.ts";
import { findPmpRouter } from "./nat_pmp.ts";
import type { FindRouter } from "./router.ts";
import { findUpnpRouter } from "./upnp.ts";

export { type MappedEnd, PortMappers } from "./port_mappers.ts";
export type { FindRouter } from "./router.ts";
export { readDefaultRoutes, routersOf } from "./route.ts";

/** NAT-PMP first: its answer takes one datagram. */
export function routerFinders({ portMapping }: Pick<MeshConfig, "portMapping">): FindRouter[] {
  return portMapping ? [findPmpRouter, findUpnpRouter] : [];
}
