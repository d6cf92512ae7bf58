import { printable } from "../../base/printable.ts";
import { askByHttp } from "./ask_by_http.ts";
import { askByUdp } from "./ask_by_udp.ts";
import {
  MAPPING_LIFE_SECONDS,
  MAX_UPNP_PORTS,
  SSDP_AGAIN_MS,
  SSDP_ANSWER_MS,
  SSDP_GROUP,
  SSDP_PORT,
} from "./defaults.ts";
import type { Route } from "./route.ts";
import type { FindRouter, MapRequest, Router } from "./router.ts";
import {
  locationIn,
  mapCall,
  ONLY_PERMANENT,
  PORT_IS_TAKEN,
  type PortService,
  portServiceIn,
  refusalIn,
  searchQuestion,
  soapBody,
  type SoapCall,
  unmapCall,
} from "./upnp_message.ts";
import { textOf } from "./xml.ts";

/** A router that is an Internet Gateway Device of UPnP, of either version. */
export const findUpnpRouter: FindRouter = async (route, signal) => {
  const location = await search(route, 1, signal) ?? await search(route, 2, signal);
  if (location === null) return null;
  const service = portServiceIn(await askByHttp({ url: location, signal }), location);
  return service === undefined ? null : new UpnpRouter(route, service);
};

/** Routers answer to the group; some answer only what is sent to themselves. */
function search(
  { router, own }: Route,
  version: 1 | 2,
  signal: AbortSignal,
): Promise<URL | null> {
  return askByUdp({
    own,
    to: [{ address: SSDP_GROUP, port: SSDP_PORT }, { address: router, port: SSDP_PORT }],
    bytes: searchQuestion(version),
    from: router,
    pausesMs: [SSDP_AGAIN_MS, SSDP_ANSWER_MS - SSDP_AGAIN_MS],
    read: (answer) => locationIn(answer, router),
    signal,
  });
}

/** It said no, in its own words. */
class RouterRefusal extends Error {
  constructor(readonly code: number, text: string) {
    super(`it refuses: ${printable(text, 80)} (UPnP error ${code})`);
  }
}

export class UpnpRouter implements Router {
  readonly by = "UPnP";
  readonly #route: Route;
  readonly #service: PortService;
  #lifeSeconds = MAPPING_LIFE_SECONDS;
  /** The port outside that it has granted, or was asked for and has not refused. */
  #held: number | null = null;

  constructor(route: Route, service: PortService) {
    this.#route = route;
    this.#service = service;
  }

  async externalAddress(signal: AbortSignal): Promise<string> {
    const { type: service } = this.#service;
    const call = { service, action: "GetExternalIPAddress", fields: [] };
    return textOf(await this.#call(call, signal), "NewExternalIPAddress") ?? "0.0.0.0";
  }

  /** The next ports are tried while another machine has the one before. */
  async map(request: MapRequest): Promise<number> {
    for (let further = 0;; further++) {
      const externalPort = Math.min(request.externalPort + further, 65_535);
      this.#held = externalPort;
      try {
        await this.#map({ ...request, externalPort });
        return externalPort;
      } catch (error) {
        if (error instanceof RouterRefusal) this.#held = null;
        const isTaken = error instanceof RouterRefusal && error.code === PORT_IS_TAKEN;
        if (!isTaken || further + 1 === MAX_UPNP_PORTS) throw error;
      }
    }
  }

  /** A port that it has refused may be another machine's, which many routers would take from that. */
  async unmap({ signal }: Pick<MapRequest, "signal">): Promise<void> {
    const held = this.#held;
    this.#held = null;
    if (held !== null) await this.#call(unmapCall(this.#service.type, held), signal);
  }

  async #map(request: MapRequest): Promise<void> {
    const { own } = this.#route;
    const call = (lifeSeconds: number) =>
      mapCall(this.#service.type, { ...request, own, lifeSeconds });
    try {
      await this.#call(call(this.#lifeSeconds), request.signal);
    } catch (error) {
      if (!(error instanceof RouterRefusal) || error.code !== ONLY_PERMANENT) throw error;
      this.#lifeSeconds = 0;
      await this.#call(call(0), request.signal);
    }
  }

  async #call(call: SoapCall, signal: AbortSignal): Promise<string> {
    const action = `${call.service}#${call.action}`;
    const body = soapBody(call);
    const answer = await askByHttp({ url: this.#service.url, call: { action, body }, signal });
    const refusal = refusalIn(answer);
    if (refusal !== null) throw new RouterRefusal(refusal.code, refusal.text);
    return answer;
  }
}
