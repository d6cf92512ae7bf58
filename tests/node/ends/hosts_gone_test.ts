import assert from "node:assert/strict";
import { type GatewayInstance, InstanceUnavailableError } from "../../../src/api/mod.ts";
import { AskedHosts } from "../../../src/api/routing/asked_hosts.ts";
import type { Mesh, RoutingTable } from "../../../src/mesh/mod.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { Gateway } from "../../../src/node/ends/gateway.ts";
import type { PeerStream } from "../../../src/tunnel/mod.ts";
import { Heap, HiddenPeers } from "../../support/heap.ts";

/** More are nothing but slower: `MESH_LLM_TEST_MEMBERS`. */
const HOSTS = Number(Deno.env.get("MESH_LLM_TEST_MEMBERS") ?? 2_000);
const AT_ONCE = 50;
const A_MINUTE_MS = 60_000;

class TestGateway extends Gateway {
  freshen = () => Promise.resolve();
  requestLoad = () => Promise.resolve(false);
}

function instanceOf(host: string): GatewayInstance {
  const sizes = { sizeBytes: 7, contextLength: 4_096 };
  return {
    host,
    id: "guide",
    model: "guide",
    fingerprint: "f",
    local: false,
    mode: "solo",
    ...sizes,
  };
}

function freshHost(): string {
  return peerIdOf(SigningKey.generate().publicKey);
}

/** Its host dies as soon as it is asked. */
const BREAKING: PeerStream = {
  read: () => Promise.reject(new Error("The connection was lost")),
  write: () => Promise.resolve(),
  closeWrite: () => Promise.resolve(),
  reset: () => {},
};

/** A gateway in a mesh that the test makes, with what the API knows of the hosts that it asks. */
class Asking {
  readonly hosts = new AskedHosts(() => this.#nowMs);
  readonly #gateway: Gateway;
  #nowMs = 0;
  #table = { instances: [], nodes: [], namesakes: [] } as unknown as RoutingTable;

  constructor() {
    const mesh = { self: "me", routes: () => this.#table, rttMs: () => 1, suspect: () => {} };
    this.#gateway = new TestGateway({
      mesh: mesh as unknown as Mesh,
      openHttp: (host) =>
        host.charCodeAt(20) % 2 === 0
          ? Promise.resolve(BREAKING)
          : Promise.reject(new Error("Nobody is there")),
      askLocal: () => null,
      ownModel: () => null,
      record: () => {},
      now: () => this.#nowMs,
    });
  }

  /** The mesh is these hosts now. */
  become(hosts: readonly string[]): void {
    const instances = hosts.map((host) => ({
      ...instanceOf(host),
      state: "warm",
      model: { name: "guide", fingerprint: "f" },
    }));
    this.#table = { instances, nodes: [], namesakes: [] } as unknown as RoutingTable;
  }

  async askAll(): Promise<void> {
    for (const instance of this.#gateway.warm()) await this.#ask(instance);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  async #ask(instance: GatewayInstance): Promise<void> {
    this.hosts.started(instance);
    const { signal } = new AbortController();
    const asked = this.#gateway.forward(instance, {
      requestId: "r",
      asked: "guide",
      method: "GET",
      path: "/v1/models",
      headers: new Headers(),
      body: null,
      signal,
    });
    await assert.rejects(asked, InstanceUnavailableError);
    this.hosts.heard(instance);
    this.hosts.said(instance, { active: 1, slots: 4 });
    this.hosts.ended(instance);
  }
}

/** A function of its own, so that none of its variables is left on the stack. */
async function comeAndGo(asking: Asking): Promise<HiddenPeers> {
  const passed = new HiddenPeers(HOSTS + AT_ONCE);
  for (let i = 0; i < HOSTS; i += AT_ONCE) {
    const hosts = Array.from({ length: AT_ONCE }, freshHost);
    for (const host of hosts) passed.add(host);
    asking.become(hosts);
    await asking.askAll();
  }
  return passed;
}

Deno.test(`of ${HOSTS} hosts that came and went a gateway keeps nothing`, async () => {
  const asking = new Asking();
  const passed = await comeAndGo(asking);
  asking.pass(A_MINUTE_MS);
  const last = freshHost();
  asking.become([last]);
  await asking.askAll();
  passed.add(last);
  assert.deepEqual(passed.keptIn(await Heap.read()), [last], "only the one that is here");
});
