import "./leak_guard.ts";
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { multiaddr } from "@multiformats/multiaddr";
import { MAX_PENDING_JOINS } from "../../src/mesh/base/defaults.ts";
import type { Mesh } from "../../src/mesh/mod.ts";
import { Endpoint } from "./quic/links.ts";
import { GOSSIP, invited, RawNode } from "./raw_node.ts";
import { TestMeshes } from "./test_mesh.ts";

/** Few enough of one peer that its joins are within their rate. */
const CONNECTIONS_PER_PEER = 12;

const OVER = 32;

const MOST = 4 * MAX_PENDING_JOINS;

Deno.test("connections that prove nothing keep nobody out, from their address or from another", async () => {
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  await using flood = new Flood(member);
  await flood.more(MAX_PENDING_JOINS);
  // On a slow machine some have given up by now.
  while (member.counters().joinsCrowdedOut < OVER && flood.size < MOST) await flood.more(1);
  assert.ok(member.counters().joinsCrowdedOut >= OVER);
  assert.equal(member.counters().joinsLimited, 0);

  const neighbour = await invited(member);
  await using near = await RawNode.start(neighbour.key, neighbour.credential);
  await near.open(member, GOSSIP);

  const stranger = await invited(member, "client");
  await using far = await RawNode.start(stranger.key, stranger.credential, "client");
  await using way = await Way.from("127.0.0.2", member);
  const [, stream] = await Promise.all([
    flood.more(4 * OVER),
    far.open(member, "/mesh-llm/routes/1", [way.address]),
  ]);
  assert.ok(stream);
  assert.ok(member.counters().joinsCrowdedOut > OVER);
});

/** Peers that connect, over and over, and say nothing. */
class Flood implements AsyncDisposable {
  readonly #target: ReturnType<typeof multiaddr>;
  readonly #peers: Endpoint[] = [];
  #made = 0;

  constructor(member: Mesh) {
    this.#target = multiaddr(addressOf(member).replace(/\/p2p\/.*/, ""));
  }

  get size(): number {
    return this.#made;
  }

  async more(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      if (this.#made++ % CONNECTIONS_PER_PEER === 0) this.#peers.push(await Endpoint.start());
      await this.#peers.at(-1)!.dial(this.#target);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer[Symbol.asyncDispose]()));
  }
}

/** Leads one node's packets to a member, as if they came from another address of this machine. */
class Way implements AsyncDisposable {
  private constructor(
    readonly address: string,
    readonly sockets: readonly Socket[],
  ) {}

  static async from(source: string, member: Mesh): Promise<Way> {
    const [near, far] = await Promise.all([bound("127.0.0.1"), bound(source)]);
    const target = Number(/\/udp\/(\d+)\//.exec(addressOf(member))![1]);
    let caller = 0;
    near.on("message", (packet, { port }) => {
      caller = port;
      far.send(packet, target, "127.0.0.1");
    });
    far.on("message", (packet) => near.send(packet, caller, "127.0.0.1"));
    const { port } = near.address();
    const address = addressOf(member).replace(/\/udp\/\d+\//, `/udp/${port}/`);
    return new Way(address, [near, far]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, address);
  await once(socket, "listening");
  return socket;
}

function addressOf(member: Mesh): string {
  return member.addresses()[0]!;
}
