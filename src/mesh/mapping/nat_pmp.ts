import { askByUdp } from "./ask_by_udp.ts";
import { MAPPING_LIFE_SECONDS, PMP_PAUSES_MS, PMP_PORT } from "./defaults.ts";
import {
  ADDRESS_QUESTION,
  type MapQuestion,
  mapQuestion,
  readAddress,
  readMapped,
} from "./pmp_message.ts";
import type { Route } from "./route.ts";
import type { FindRouter, MapRequest, Router } from "./router.ts";

/** A router that speaks NAT-PMP: it tells its address. */
export const findPmpRouter: FindRouter = async (route, signal) => {
  const router = new PmpRouter(route);
  return await router.ask(ADDRESS_QUESTION, readAddress, signal) === null ? null : router;
};

class PmpRouter implements Router {
  readonly by = "NAT-PMP";
  readonly #route: Route;

  constructor(route: Route) {
    this.#route = route;
  }

  async externalAddress(signal: AbortSignal): Promise<string> {
    return expectAnswer(await this.ask(ADDRESS_QUESTION, readAddress, signal));
  }

  async map(request: MapRequest): Promise<number> {
    return expectAnswer(
      await this.#map({ ...request, lifeSeconds: MAPPING_LIFE_SECONDS }, request),
    );
  }

  /** Section 3.4: the port outside is 0 then. */
  async unmap(request: MapRequest): Promise<void> {
    await this.#map({ port: request.port, externalPort: 0, lifeSeconds: 0 }, request);
  }

  #map(question: MapQuestion, { signal }: MapRequest): Promise<number | null> {
    return this.ask(mapQuestion(question), (answer) => readMapped(answer, question), signal);
  }

  ask<Answer>(
    bytes: Uint8Array,
    read: (answer: Uint8Array) => Answer | undefined,
    signal: AbortSignal,
  ): Promise<Answer | null> {
    const { router, own } = this.#route;
    const to = [{ address: router, port: PMP_PORT }];
    return askByUdp({ own, to, bytes, from: router, pausesMs: PMP_PAUSES_MS, read, signal });
  }
}

function expectAnswer<Answer>(answer: Answer | null): Answer {
  if (answer === null) throw new Error("it does not answer any more");
  return answer;
}
