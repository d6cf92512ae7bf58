/** Members that can be asked on 127.0.0.1, and machines that ask them. */

import { MESH_DEFAULTS } from "../../../src/mesh/config.ts";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { NetworkStream, PeerConnection } from "../../../src/mesh/link/network.ts";
import type { LanMesh, Mesh } from "../../../src/mesh/mod.ts";
import { askMesh } from "../../../src/mesh/pairing/guest.ts";
import { PAIR_PROTOCOL } from "../../../src/mesh/pairing/messages.ts";
import type { TestMeshes, TestOptions } from "../test_mesh.ts";

/** A member that looks at the local network, of which it has none: only who knows its port finds it. */
export function member(
  meshes: TestMeshes,
  name: string,
  { token = null, ...options }: TestOptions = {},
): Promise<Mesh> {
  return meshes.member(name, { config: { ...MESH_DEFAULTS, join: token }, ...options });
}

/** As it would be heard. */
export function heard(...machines: readonly Mesh[]): LanMesh {
  const { own } = machines[0]!.lan();
  return {
    name: own!.name,
    shortId: own!.shortId,
    machines: machines.length,
    addresses: machines.map(placeOf),
  };
}

/** The place at which it is asked: `127.0.0.1:47001`. */
export function placeOf(mesh: Mesh): string {
  const [, port] = /\/udp\/(\d+)\//.exec(mesh.addresses()[0] ?? "") ?? [];
  return `127.0.0.1:${port}`;
}

export interface Visit {
  /** Shown by its machine. */
  readonly code: Promise<string>;
  /** The invite that it got; rejects with the sentence that its machine shows. */
  readonly token: Promise<string>;
  readonly leave: (reason?: Error) => void;
}

export function visit(mesh: LanMesh, name = "mini"): Visit {
  const leaving = new AbortController();
  const shown = Promise.withResolvers<string>();
  const token = askMesh(mesh, {
    name,
    clock: systemClock,
    signal: leaving.signal,
    showCode: shown.resolve,
  });
  token.catch(shown.reject);
  shown.promise.catch(() => {});
  return { code: shown.promise, token, leave: (reason) => leaving.abort(reason) };
}

/** A machine that connects and says whatever the test says. */
export class RawGuest implements AsyncDisposable {
  readonly #key = SigningKey.generate();
  readonly #network = startLibp2p(this.#key);

  get self() {
    return peerIdOf(this.#key.publicKey);
  }

  /** @param host of another address, where this one is to come from another as well */
  async open(
    mesh: Mesh,
    host = "ip4/127.0.0.1",
  ): Promise<{ stream: NetworkStream; connection: PeerConnection }> {
    const { signal } = new AbortController();
    const addresses = mesh.addresses().map((one) => one.replace("ip4/127.0.0.1", host));
    const target = { peer: mesh.self, addresses, fresh: true, signal };
    const connection = await (await this.#network).dial(target);
    return { stream: await connection.openStream(PAIR_PROTOCOL, signal), connection };
  }

  /** @param place as it is heard: `192.168.1.5:47001` */
  async openAt(
    place: string,
  ): Promise<{ stream: NetworkStream; connection: PeerConnection }> {
    const { signal } = new AbortController();
    const [host, port] = place.split(":");
    const address = `/ip4/${host}/udp/${port}/quic-v1`;
    const connection = await (await this.#network).dialAddress(address, signal);
    return { stream: await connection.openStream(PAIR_PROTOCOL, signal), connection };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#network).stop();
  }
}
