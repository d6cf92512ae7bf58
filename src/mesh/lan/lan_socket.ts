import type { MulticastDNS, Options, ResponseOutgoingPacket } from "multicast-dns";
import { asError } from "../../base/as_error.ts";
import { type DnsMessage, type DnsRecord, QUESTION } from "./advert.ts";

/** Multicast DNS on one interface. */
export interface LanSocket {
  ask(): void;
  /** Resolves when it was handed to the system. */
  tell(records: readonly DnsRecord[]): Promise<void>;
  close(): void;
}

export interface LanSocketEvents {
  asked(message: DnsMessage): void;
  told(message: DnsMessage, from: string): void;
  /** Every datagram, also one that can't be read. */
  counted(): void;
  failed(error: Error): void;
}

/** `null` where the network is to be left alone. */
export function lanOpener({ lan }: { readonly lan: boolean }): OpenLanSocket | null {
  return lan ? openLanSocket : null;
}

export type OpenLanSocket = (address: string, events: LanSocketEvents) => Promise<LanSocket>;

/**
 * Bound to every address, since one that is bound to its interface's own hears no multicast; `interface` says where it
 * joins the group and sends. Without that the default route decides, which may be a container engine's.
 */
const openLanSocket: OpenLanSocket = async (address, events) => {
  // Loaded where it is used: a command that only asks the node needs none of it.
  const { default: multicastDns } = await import("multicast-dns");
  const options: Options = { interface: address, bind: "0.0.0.0", loopback: true };
  const mdns: MulticastDNS = multicastDns(options);
  mdns.on("error", (error) => events.failed(asError(error)));
  // A datagram that is no DNS, or an interface without a way: the next may do.
  mdns.on("warning", () => events.counted());
  mdns.on("query", (message) => {
    events.counted();
    events.asked(message);
  });
  mdns.on("response", (message, { address: from }) => {
    events.counted();
    events.told(message, from);
  });
  return {
    ask: () => mdns.query({ questions: [QUESTION] }),
    tell: (records) =>
      new Promise((resolve) =>
        mdns.respond({ answers: records as ResponseOutgoingPacket["answers"] }, () => resolve())
      ),
    close: () => mdns.destroy(),
  };
};
