import { NO_PORT_MAPPING, type PortMappingView } from "../base/port_mapping.ts";
import { PortMapper, type PortMapperOptions } from "./port_mapper.ts";

/** An end of the router that leads to this node. */
export interface MappedEnd {
  readonly ip: string;
  readonly port: number;
}

/** Several ports of this node, each of which its router is asked for by itself: it may grant one and refuse another. */
export class PortMappers {
  readonly #options: Omit<PortMapperOptions, "port">;
  readonly #mappers = new Map<number, PortMapper>();
  #isStopped = false;

  constructor(options: Omit<PortMapperOptions, "port">) {
    this.#options = options;
  }

  /** From now on; safe to call twice. Nothing is asked where there is no way to ask. */
  add(port: number): void {
    if (this.#isStopped || this.#options.finders.length === 0 || this.#mappers.has(port)) return;
    const mapper = new PortMapper({ ...this.#options, port });
    this.#mappers.set(port, mapper);
    mapper.start();
  }

  view(port: number | null): PortMappingView {
    return (port === null ? undefined : this.#mappers.get(port)?.view) ?? NO_PORT_MAPPING;
  }

  /** `null` where the router leads nothing to that port. */
  endOf(port: number | null): MappedEnd | null {
    const { state, address } = this.view(port);
    if (state !== "mapped" || address === null) return null;
    const [ip = "", outside] = address.split(":");
    return { ip, port: Number(outside) };
  }

  /** Gives all of them back. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#mappers.values()].map((mapper) => mapper.stop()));
    this.#mappers.clear();
  }
}
