import { join } from "node:path";
import type { Logger } from "@logtape/logtape";
import { equals } from "uint8arrays/equals";
import { z } from "zod";
import { type Binding, chooseMesh, type StoredMesh } from "./binding.ts";
import { chainSchema, chainToWire, linksOf } from "./capability.ts";
import { decodeCbor, encodeCbor } from "../base/cbor.ts";
import type { Credential } from "./credential.ts";
import type { MeshConfig } from "../base/config.ts";
import type { Fields } from "../../base/kept_file.ts";
import { readDataFile, writeDataFile } from "../base/data_file.ts";
import { MAX_RELAYS, MAX_STORED_PEERS } from "../base/defaults.ts";
import { NotAllowedError } from "../base/errors.ts";
import { meshIdOf, peerIdOf, SigningKey } from "../base/keys.ts";
import { MAX_NOTICED_VERSION, peerIdText } from "../base/names.ts";
import { revokes } from "./revocation.ts";
import { openAll } from "./revocation_list.ts";
import { parseToken } from "./token.ts";
import { base64, type StoredTrust, trustFromJson, trustSchema, trustToJson } from "./trust_file.ts";
import type { MemberRole } from "../base/roles.ts";
import type { RelayPlace } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

const keySeed = base64.refine((bytes) => bytes.byteLength === 32);

const identitySchema = z.object({
  privateKey: keySeed,
  incarnation: z.number().int().nonnegative(),
  port: z.number().int().min(1).max(65_535).nullable(),
  // Files of earlier versions have none.
  reachPort: z.number().int().min(1).max(65_535).nullable().default(null),
});

const meshSchema = z.object({
  meshKey: keySeed,
  rootKey: keySeed.nullable(),
  chain: base64,
  addresses: z.array(z.string().max(256)).max(1_024),
  // Files of earlier versions have none.
  relays: z.array(z.object({ peer: peerIdText, addresses: z.array(z.string().max(256)).max(16) }))
    .max(MAX_RELAYS).default([]),
  // Files of earlier versions don't say it.
  hadCompany: z.boolean().default(false),
});

export interface IdentityOptions {
  readonly config: Pick<MeshConfig, "join" | "leave" | "bindPort">;
  readonly dataDir: string;
  readonly role: MemberRole;
  readonly name: string;
  readonly now: number;
  readonly logger: Logger;
}

/** This node's identity and its mesh, as its data directory keeps them. */
export class Identity {
  readonly peer: PeerId;
  /** The data directory's invites and revocations at the start. */
  readonly trust: StoredTrust;
  #binding: Binding;
  readonly #directory: string;
  readonly #logger: Logger;
  #incarnation: number;
  #port: number | null;
  #reachPort: number | null;
  #addresses: readonly string[];
  #relays: readonly RelayPlace[];
  #hadCompany: boolean;
  #lastWrite: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    readonly key: SigningKey,
    binding: Binding,
    stored: {
      readonly logger: Logger;
      readonly directory: string;
      readonly incarnation: number;
      readonly port: number | null;
      readonly reachPort?: number | null;
      readonly trust: StoredTrust;
      readonly hadCompany: boolean;
    },
  ) {
    this.peer = peerIdOf(key.publicKey);
    this.#binding = binding;
    this.#directory = stored.directory;
    this.#logger = stored.logger;
    this.#incarnation = stored.incarnation;
    this.#port = stored.port;
    this.#reachPort = stored.reachPort ?? null;
    this.#addresses = binding.addresses;
    this.#relays = binding.relays;
    this.#hadCompany = stored.hadCompany;
    this.trust = stored.trust;
  }

  /** The mesh, and the certificates by which this node is in it: these may be others later. */
  get binding(): Binding {
    return this.#binding;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** UDP; `null` until the first start has found a free one. */
  get port(): number | null {
    return this.#port;
  }

  /** UDP: where peers that could not dial this node meet it; `null` until one has wanted to. */
  get reachPort(): number | null {
    return this.#reachPort;
  }

  keepReachPort(port: number): void {
    if (port === this.#reachPort) return;
    this.#reachPort = port;
    this.#keep("identity.json", this.#identityJson());
  }

  /** Of peers to dial first, and to keep. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get meshId(): string {
    return meshIdOf(this.binding.credential.meshKey);
  }

  /** This node founded its mesh, and nobody else has ever been in it: leaving it costs nobody anything. */
  get isAlone(): boolean {
    return this.binding.root !== null && !this.#hadCompany && this.#addresses.length === 0 &&
      this.trust.guests.length === 0;
  }

  /** Somebody else is in this mesh. */
  meetCompany(): void {
    if (this.#hadCompany) return;
    this.#hadCompany = true;
    this.#keep("mesh.json", this.#meshJson());
  }

  /** Writes both files for the first time: what came before could still refuse to start. */
  async save(port: number | null): Promise<void> {
    this.#port = port;
    const { abandoned } = this.binding;
    if (abandoned !== null) await this.#write(keptName(abandoned), storedToJson(abandoned));
    await this.#write("identity.json", this.#identityJson());
    await this.#write("mesh.json", this.#meshJson());
  }

  /** Another life of this node was seen; this one goes above it. */
  rise(above: number): void {
    this.#incarnation = Math.max(this.#incarnation, above) + 1;
    this.#keep("identity.json", this.#identityJson());
  }

  /** Keeps the addresses of living peers to start from next time; an empty list changes nothing. */
  remember(addresses: readonly string[]): void {
    const kept = addresses.slice(0, MAX_STORED_PEERS);
    if (kept.length === 0 || kept.join() === this.#addresses.join()) return;
    this.#addresses = kept;
    this.#keep("mesh.json", this.#meshJson());
  }

  /** Of the mesh, those that this node was connected to. */
  get relays(): readonly RelayPlace[] {
    return this.#relays;
  }

  keepRelays(relays: readonly RelayPlace[]): void {
    this.#relays = relays;
    this.#keep("mesh.json", this.#meshJson());
  }

  /** Other certificates of the same rights take the place of this node's own. Resolves once they are kept. */
  async renew(credential: Credential): Promise<void> {
    this.#binding = { ...this.#binding, credential };
    await this.#write("mesh.json", this.#meshJson());
  }

  keepTrust(trust: StoredTrust): void {
    this.#keep(trustName(this.meshId), trustToJson(trust));
  }

  /** Resolves when everything that was to be written is. */
  flushed(): Promise<void> {
    return this.#lastWrite;
  }

  /** The same, and nothing is written after that: the directory may be that of this node's life in another mesh. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#lastWrite;
  }

  #identityJson(): Fields {
    const privateKey = this.key.seed.toBase64();
    const reachPort = this.#reachPort;
    return { privateKey, incarnation: this.#incarnation, port: this.#port, reachPort };
  }

  #meshJson(): Fields {
    const { credential, root } = this.binding;
    return storedToJson({
      credential,
      root,
      addresses: this.#addresses,
      relays: this.#relays,
      hadCompany: this.#hadCompany,
    });
  }

  /** A running node goes on without its disk: only its next start is worse for it. */
  #keep(file: string, value: Fields): void {
    this.#write(file, value).catch((error) => this.#logger.warn("{error}", { error }));
  }

  /** One write at a time, in the order of the calls. */
  #write(file: string, value: Fields): Promise<void> {
    if (this.#isClosed) return this.#lastWrite;
    const write = this.#lastWrite.then(() => writeDataFile(join(this.#directory, file), value));
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }
}

/**
 * Reads and decides; writes nothing, so that a bad token or a port in use leaves the directory as it was.
 * @throws {InvalidTokenError | BoundToOtherMeshError | NoMeshError | NotAllowedError | DataDirectoryError}
 */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { config: { join: token, leave, bindPort }, dataDir: directory, role, name, now } = options;
  const invite = token === null ? null : parseToken(token, now);
  const kept = await readDataFile(join(directory, "identity.json"), identitySchema);
  const key = kept === undefined ? SigningKey.generate() : SigningKey.fromSeed(kept.privateKey);
  const stored = await readStoredMesh(join(directory, "mesh.json"));
  const node = { publicKey: key.publicKey, role, name };
  const binding = chooseMesh({ stored, invite, leave, node, now });
  const trust = await readTrust(directory, binding.credential.meshKey);
  refuseRevoked(binding, trust, now);
  // A life of an earlier version that others have driven up so far that nobody could tell its end is forgotten.
  const last = kept?.incarnation ?? 0;
  const incarnation = Math.max(last > MAX_NOTICED_VERSION / 2 ? 0 : last + 1, now);
  return new Identity(key, binding, {
    directory,
    incarnation,
    port: bindPort ?? kept?.port ?? null,
    reachPort: kept?.reachPort ?? null,
    hadCompany: stored?.hadCompany === true &&
      equals(stored.credential.meshKey, binding.credential.meshKey),
    logger: options.logger,
    trust,
  });
}

/** The mesh of a data directory, whether anybody else has been in it or not; `null` where it is in none. */
export async function readMesh(
  directory: string,
): Promise<{ readonly meshKey: Uint8Array; readonly isAlone: boolean } | null> {
  const stored = await readStoredMesh(join(directory, "mesh.json"));
  if (stored === undefined) return null;
  const { credential: { meshKey }, root, addresses, hadCompany = false } = stored;
  const { guests } = await readTrust(directory, meshKey);
  const isAlone = root !== null && !hadCompany && addresses.length === 0 && guests.length === 0;
  return { meshKey, isAlone };
}

async function readTrust(directory: string, meshKey: Uint8Array): Promise<StoredTrust> {
  const path = join(directory, trustName(meshIdOf(meshKey)));
  const json = await readDataFile(path, trustSchema.transform(trustFromJson));
  return json ?? { invites: [], standing: null, revocations: [], guests: [] };
}

/** Refuses before the first join, as the mesh would. */
function refuseRevoked({ credential }: Binding, { revocations }: StoredTrust, now: number): void {
  const { meshKey, chain } = credential;
  const known = openAll(revocations, { meshKey, now });
  if (!known.some((revocation) => revokes(revocation, linksOf(chain), meshKey))) return;
  throw new NotAllowedError(
    `Cannot join mesh ${meshIdOf(meshKey)}: this invite was revoked; join with a new token`,
  );
}

function readStoredMesh(path: string): Promise<StoredMesh | undefined> {
  return readDataFile(path, meshSchema.transform(meshFromJson));
}

function meshFromJson(json: z.infer<typeof meshSchema>): StoredMesh {
  return {
    credential: { meshKey: json.meshKey, chain: decodeCbor(json.chain, chainSchema, "chain") },
    root: json.rootKey === null ? null : SigningKey.fromSeed(json.rootKey),
    addresses: json.addresses,
    relays: json.relays,
    hadCompany: json.hadCompany,
  };
}

function storedToJson(
  { credential, root, addresses, relays = [], hadCompany = false }: StoredMesh,
): Fields {
  return {
    meshId: meshIdOf(credential.meshKey),
    meshKey: credential.meshKey.toBase64(),
    rootKey: root?.seed.toBase64() ?? null,
    chain: encodeCbor(chainToWire(credential.chain)).toBase64(),
    addresses,
    ...(relays.length === 0 ? {} : { relays }),
    hadCompany,
  };
}

/** A file a mesh, for who leaves one may come back. */
function trustName(meshId: string): string {
  return `trust-${meshId}.json`;
}

/** A mesh's root key exists nowhere else, so a founder who leaves keeps it in a file of its own. */
function keptName({ credential }: StoredMesh): string {
  return `mesh-${meshIdOf(credential.meshKey)}.json`;
}
