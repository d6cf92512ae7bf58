import { join } from "node:path";
import type { Logger } from "@logtape/logtape";
import type { InterfaceAddress } from "./base/addresses.ts";
import type { Clock } from "./base/clock.ts";
import { MESH_DEFAULTS } from "./base/config.ts";
import { writeDataFile } from "./base/data_file.ts";
import type { SigningKey } from "./base/keys.ts";
import type { MeshNode } from "./mesh_node.ts";
import { openMesh } from "./open_mesh.ts";
import type { LateReach } from "./reach/mod.ts";
import type { SharedNetwork } from "./relay/shared_network.ts";
import { openIdentity } from "./trust/identity.ts";

export interface RelayMeshesParts {
  /** One folder in it for each membership. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly logger: Logger;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly shared: SharedNetwork;
  readonly reach: LateReach;
  readonly interfaces: () => readonly InterfaceAddress[];
}

interface Membership {
  readonly mesh: MeshNode;
  readonly folder: string;
}

/** Enters a mesh, and answers those who dial before it resolves. */
export type Enter = (bind: () => Promise<number>) => Promise<void>;

/** The meshes of a relay, with the folder of each. */
export class RelayMeshes {
  readonly #parts: RelayMeshesParts;
  readonly #memberships = new Map<string, Membership>();
  /** One change after the other, so that two claims for one mesh don't meet. */
  #changing: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(parts: RelayMeshesParts) {
    this.#parts = parts;
  }

  get all(): readonly MeshNode[] {
    return [...this.#memberships.values()].map(({ mesh }) => mesh);
  }

  has(meshId: string): boolean {
    return this.#memberships.has(meshId);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Runs a change once those before it are over. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  /** Reads all of the meshes of the last start; those that can't be read are left out. */
  async readAll(): Promise<Enter[]> {
    const { folder, logger } = this.#parts;
    const leaveOut = (error: unknown) => logger.warn("A mesh is left out: {error}", { error });
    const entries: Enter[] = [];
    for (const name of await namesIn(folder)) {
      const enter = await this.#prepare(join(folder, name)).catch(leaveOut);
      if (enter !== undefined) entries.push((bind) => enter(bind).catch(leaveOut));
    }
    return entries;
  }

  /** Takes the place of an earlier membership in the mesh, which goes on where this one fails. */
  async join(meshId: string, token: string, port: number): Promise<void> {
    const { folder, key } = this.#parts;
    const used = this.#memberships.get(meshId)?.folder;
    const own = [meshId, `${meshId}.2`].map((name) => join(folder, name))
      .find((path) => path !== used)!;
    try {
      const privateKey = key.seed.toBase64();
      await writeDataFile(join(own, "identity.json"), { privateKey, incarnation: 0, port });
      const enter = await this.#prepare(own, token);
      await enter(() => Promise.resolve(port));
    } catch (error) {
      await remove(own);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#changing;
    await Promise.all(this.all.map((mesh) => mesh.stop()));
  }

  async #prepare(dataDir: string, token: string | null = null): Promise<Enter> {
    const { logger, name, version, clock, interfaces, shared, reach } = this.#parts;
    const config = { ...MESH_DEFAULTS, lan: false, join: token };
    const now = clock.now();
    const role = "relay" as const;
    const identity = await openIdentity({ config, dataDir, role, name, now, logger });
    const options = { config, dataDir, role, name, version, logger, interfaces };
    return async (bind) => {
      const network = shared.of(identity.binding.credential.meshKey);
      const meeting = { kind: "as a witness", reach } as const;
      const mesh = await openMesh(options, { identity, network, clock, bind, meeting });
      const before = this.#memberships.get(mesh.meshId);
      this.#memberships.set(mesh.meshId, { mesh, folder: dataDir });
      if (before !== undefined) await end(before);
      mesh.ended.then((reason) => this.#onEnded(mesh, reason));
    };
  }

  /** This relay was taken out of the mesh. */
  #onEnded(mesh: MeshNode, reason: string): void {
    const { logger } = this.#parts;
    const membership = this.#memberships.get(mesh.meshId);
    if (this.#stopped || membership?.mesh !== mesh) return;
    logger.info("Carries nothing for mesh {mesh} any more: {reason}", {
      event: "released",
      mesh: mesh.meshId,
      reason,
    });
    this.inTurn(async () => {
      if (this.#memberships.get(mesh.meshId) !== membership) return;
      this.#memberships.delete(mesh.meshId);
      await end(membership);
    }).catch((error) => logger.warn("{error}", { error }));
  }
}

async function end({ mesh, folder }: Membership): Promise<void> {
  await mesh.stop();
  await remove(folder);
}

async function remove(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => undefined); // none there
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch {
    return []; // no mesh has claimed it yet
  }
}
