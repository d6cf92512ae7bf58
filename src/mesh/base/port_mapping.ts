/** The way through this network's router, as the rest of the program sees it. */

export interface PortMappingView {
  /**
   * `off`: no router is asked. `looking`: none has answered yet. `mapped`: what comes to `address` is led to this node.
   * `none`: no router lets programs open a port. `hidden`: one did, but another router stands between it and the internet.
   */
  readonly state: "off" | "looking" | "mapped" | "none" | "hidden";
  /** The protocol by which the router was asked; `null` while none has answered. */
  readonly by: MappingProtocol | null;
  /** `45.76.1.1:47001`, UDP; of a hidden router its own address, which is of no use to others. */
  readonly address: string | null;
  /** A router's refusal in a sentence; `null` where none refused. */
  readonly problem: string | null;
}

export type MappingProtocol = "NAT-PMP" | "UPnP";

export const NO_PORT_MAPPING: PortMappingView = {
  state: "off",
  by: null,
  address: null,
  problem: null,
};
