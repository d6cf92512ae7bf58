import { isIPv4 } from "node:net";
import type { Logger } from "@logtape/logtape";
import { asError } from "../../base/as_error.ts";
import { isPublic } from "../../base/ip_address.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import { equalValues } from "../base/equal_values.ts";
import { NO_PORT_MAPPING, type PortMappingView } from "../base/port_mapping.ts";
import {
  MAPPING_GOODBYE_MS,
  MAPPING_LOOK_MS,
  MAPPING_RENEW_MS,
  MAPPING_RETRY_MS,
} from "./defaults.ts";
import type { Route } from "./route.ts";
import type { FindRouter, Router } from "./router.ts";

export interface PortMapperOptions {
  /** Of this machine, UDP. */
  readonly port: number;
  readonly routes: () => Promise<readonly Route[]>;
  /** The preferred first. */
  readonly finders: readonly FindRouter[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** The view has changed. */
  readonly changed: () => void;
}

/** A port that a router was asked for, and is to take back. */
interface Mapping {
  readonly router: Router;
  readonly externalPort: number;
}

/** Has this network's router lead one port to this node, for as long as it runs. */
export class PortMapper {
  readonly #options: PortMapperOptions;
  readonly #end = new AbortController();
  #view: PortMappingView = { ...NO_PORT_MAPPING, state: "looking" };
  #mapping: Mapping | null = null;
  /** The routes of the last look. */
  #routes: readonly Route[] = [];
  /** By the clock's `elapsed`. */
  #dueAtMs = 0;
  #cancel: Cancel = () => {};
  #looking: Promise<void> = Promise.resolve();

  constructor(options: PortMapperOptions) {
    this.#options = options;
  }

  get view(): PortMappingView {
    return this.#view;
  }

  start(): void {
    this.#looking = this.#look().catch((error: unknown) => {
      if (!this.#end.signal.aborted) {
        this.#options.logger.warn("Cannot ask the router for a port: {error}", { error });
      }
    }).then(() => {
      if (this.#end.signal.aborted) return;
      this.#cancel = this.#options.clock.after(MAPPING_LOOK_MS, () => this.start());
    });
  }

  /** Takes the port back, if the router answers in time. */
  async stop(): Promise<void> {
    this.#end.abort(new Error("This node stops"));
    this.#cancel();
    await this.#looking;
    await this.#withdraw();
    this.#view = NO_PORT_MAPPING;
  }

  async #look(): Promise<void> {
    const { routes, clock } = this.#options;
    const found = await routes();
    if (!equalValues(found, this.#routes)) {
      // The router of another network is out of reach, and its lease ends by itself.
      this.#routes = found;
      this.#mapping = null;
      this.#dueAtMs = 0;
    }
    if (clock.elapsed() < this.#dueAtMs) return;
    const view = await this.#renewed() ?? await this.#mapped(found);
    this.#dueAtMs = clock.elapsed() +
      (view.state === "mapped" ? MAPPING_RENEW_MS : MAPPING_RETRY_MS);
    this.#show(view);
  }

  /** `null` where there is nothing to renew, or it can't be. */
  async #renewed(): Promise<PortMappingView | null> {
    if (this.#mapping === null) return null;
    const { router, externalPort } = this.#mapping;
    try {
      return await this.#map(router, externalPort);
    } catch (error) {
      this.#end.signal.throwIfAborted();
      this.#options.logger.info("The router's port is asked for anew: {error}", { error });
      return null;
    }
  }

  /** Asks one router after the other, each in every way that it may understand. */
  async #mapped(routes: readonly Route[]): Promise<PortMappingView> {
    const { finders, port } = this.#options;
    let last: PortMappingView = { ...NO_PORT_MAPPING, state: "none" };
    for (const route of routes) {
      for (const find of finders) {
        try {
          const router = await find(route, this.#end.signal);
          if (router === null) continue;
          last = await this.#map(router, port);
          if (last.state === "mapped") return last;
        } catch (error) {
          this.#end.signal.throwIfAborted();
          const problem = `The router ${route.router} opens no port: ${asError(error).message}`;
          last = { ...last, problem };
        }
      }
    }
    return last;
  }

  async #map(router: Router, wished: number): Promise<PortMappingView> {
    const { port } = this.#options;
    const { signal } = this.#end;
    const ip = await router.externalAddress(signal);
    // Before it is asked: a stop that comes in between takes it back as well.
    this.#mapping = { router, externalPort: wished };
    const externalPort = await router.map({ port, externalPort: wished, signal });
    this.#mapping = { router, externalPort };
    const view = { by: router.by, address: `${ip}:${externalPort}`, problem: null };
    if (isIPv4(ip) && isPublic(ip)) return { ...view, state: "mapped" };
    await this.#withdraw();
    return { ...view, state: "hidden" };
  }

  async #withdraw(): Promise<void> {
    const mapping = this.#mapping;
    this.#mapping = null;
    if (mapping === null) return;
    const signal = AbortSignal.timeout(MAPPING_GOODBYE_MS);
    const { router, externalPort } = mapping;
    await router.unmap({ port: this.#options.port, externalPort, signal }).catch((error) =>
      this.#options.logger.debug("The router's port is left to its lease: {error}", { error })
    );
  }

  #show(view: PortMappingView): void {
    const before = this.#view;
    this.#view = view;
    if (equalValues(before, view)) return;
    const { by, address } = view;
    if (view.state === "mapped") {
      this.#options.logger.info("The router leads {address} to this node, by {by}", {
        address,
        by,
      });
    }
    this.#options.changed();
  }
}
