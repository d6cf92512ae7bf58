/** Pairing of a machine on which no node runs yet: it looks around, asks, and is started with the invite that it gets. */

import { join } from "node:path";
import type { Logger } from "@logtape/logtape";
import type { InterfaceAddress } from "../base/addresses.ts";
import { systemClock } from "../base/clock.ts";
import { peerIdOf, SigningKey } from "../base/keys.ts";
import type { LanMesh } from "../base/lan.ts";
import type { MemberRole } from "../base/roles.ts";
import { Lan } from "../lan/lan.ts";
import { lanOpener } from "../lan/lan_socket.ts";
import { MeshSeal } from "../lan/seal.ts";
import { loadAddonBy } from "../quic/mod.ts";
import { readMesh } from "../trust/identity.ts";
import { parseToken } from "../trust/token.ts";
import { LOOK_FIRST_MS, LOOK_REST_MS } from "./defaults.ts";
import { askMesh } from "./guest.ts";

export interface LookOptions {
  /** Not shown: a mesh that this machine is in already. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** @default {Deno.networkInterfaces} */
  readonly interfaces?: () => readonly InterfaceAddress[];
}

/** The other meshes of the local network, after a second at most. Says nothing but the question. */
export async function lookForMeshes(options: LookOptions): Promise<readonly LanMesh[]> {
  const open = lanOpener({ lan: true });
  if (open === null) return [];
  const own = await readMesh(options.dataDir);
  const seals = own === null ? [] : [new MeshSeal(own.meshKey).shortId];
  const heard = Promise.withResolvers<void>();
  const lan = new Lan({
    self: peerIdOf(SigningKey.generate().publicKey),
    meshKey: SigningKey.generate().publicKey,
    clock: systemClock,
    logger: options.logger,
    interfaces: options.interfaces ?? (() => Deno.networkInterfaces()),
    open,
    speaks: true,
    offer: () => null,
    changed: () => others().length > 0 && heard.resolve(),
    found: () => {},
  });
  const others = () => lan.view().meshes.filter(({ shortId }) => !seals.includes(shortId));
  lan.start();
  const cancel = systemClock.after(LOOK_FIRST_MS, heard.resolve);
  await heard.promise;
  cancel();
  // One that has just answered somebody else says it again a moment later.
  if (others().length > 0) {
    await new Promise<void>((resolve) => systemClock.after(LOOK_REST_MS, resolve));
  }
  const found = others();
  await lan.stop();
  return found;
}

/** Whether others are, or were, in the mesh of this data directory: to leave it is for a person to say. */
export async function hasCompany(dataDir: string): Promise<boolean> {
  const own = await readMesh(dataDir);
  return own !== null && !own.isAlone;
}

export interface StartAsking {
  readonly dataDir: string;
  /** Of this machine. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly showCode: (code: string) => void;
}

/** Asks a mesh, and resolves with its invite. @throws {PairingOverError} or the signal's reason. */
export async function askAtStart(
  mesh: LanMesh,
  { dataDir, ...asking }: StartAsking,
): Promise<{ readonly token: string; readonly role: MemberRole }> {
  loadAddonBy(join(dataDir, "cache"));
  const token = await askMesh(mesh, { ...asking, clock: systemClock });
  return { token, role: parseToken(token, systemClock.now()).grant.role };
}
