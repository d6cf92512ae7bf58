import { join } from "node:path";
import type { Logger } from "@logtape/logtape";
import { z } from "zod";
import { asError } from "../base/as_error.ts";
import { announceable, type InterfaceAddress } from "./base/addresses.ts";
import { type Clock, systemClock } from "./base/clock.ts";
import { MESH_DEFAULTS } from "./base/config.ts";
import { readDataFile, writeDataFile } from "./base/data_file.ts";
import { CLAIM_LIFE_MS, MAX_RELAY_MESHES } from "./base/defaults.ts";
import { InvalidTokenError } from "./base/errors.ts";
import { guardedClock } from "./base/guarded_clock.ts";
import { meshIdOf, peerIdOf, SigningKey } from "./base/keys.ts";
import type { PeerId } from "./base/peer_id.ts";
import { type Libp2pNetwork, startLibp2p } from "./link/libp2p.ts";
import { loadAddonBy } from "./quic/mod.ts";
import type { LateReach } from "./reach/mod.ts";
import { encodeClaim } from "./relay/claim.ts";
import { ClaimBook } from "./relay/claim_book.ts";
import { answerClaim, type ClaimQuestion } from "./relay/claim_exchange.ts";
import { openReach } from "./reaching.ts";
import { RelayMeshes } from "./relay_meshes.ts";
import { SharedNetwork } from "./relay/shared_network.ts";
import { parseToken } from "./trust/token.ts";
import { base64 } from "./trust/trust_file.ts";

export interface RelayOptions {
  /** Of this relay alone. */
  readonly dataDir: string;
  /** UDP; `null` takes the one of the last start, or a free one. */
  readonly bindPort: number | null;
  /** The address by which others reach it, where no interface of this machine has it; `null` as at the last start. */
  readonly address: string | null;
  readonly name: string;
  readonly version: string;
  readonly logger: Logger;
  /** @default {systemClock} */
  readonly clock?: Clock;
  /** @default {Deno.networkInterfaces} */
  readonly interfaces?: () => readonly InterfaceAddress[];
}

export interface RelayMeshStatus {
  readonly mesh: string;
  /** Machines that are connected now. */
  readonly peers: number;
  /** Of them, those that it carries for now. */
  readonly pairs: number;
  /** Carried since the start. */
  readonly bytes: number;
  /** Datagrams beyond the budget, or that the other end did not take in time. */
  readonly dropped: number;
}

export interface RelayStatus {
  readonly peer: PeerId;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly openClaims: number;
  readonly meshes: readonly RelayMeshStatus[];
}

const ownSchema = z.object({
  privateKey: base64.refine((bytes) => bytes.byteLength === 32),
  port: z.number().int().min(1).max(65_535).nullable(),
  address: z.string().max(45).nullable(),
  reachPort: z.number().int().min(1).max(65_535).nullable().default(null),
});
type Own = z.infer<typeof ownSchema>;

/**
 * A relay: no llama.cpp, no models, no gossip. One key and one port for all the meshes that have claimed it, each of
 * which sees the others neither by name nor by connection.
 */
export class RelayNode implements AsyncDisposable {
  readonly #options: RelayOptions;
  #own: Own;
  readonly #key: SigningKey;
  readonly #clock: Clock;
  readonly #network: Libp2pNetwork;
  readonly #shared: SharedNetwork;
  readonly #claims: ClaimBook;
  readonly #meshes: RelayMeshes;
  /** Peers hear of it where they are seen from outside of their routers. */
  readonly #reach: LateReach;
  #port = 0;

  /** @throws {UdpPortInUseError | DataDirectoryError} */
  static async start(options: RelayOptions): Promise<RelayNode> {
    loadAddonBy(join(options.dataDir, "cache"));
    const own = await readOwn(options.dataDir, options);
    const network = await startLibp2p(SigningKey.fromSeed(own.privateKey), MESH_DEFAULTS);
    const relay = new RelayNode(options, own, network);
    try {
      await relay.#open();
    } catch (error) {
      await relay.stop();
      throw error;
    }
    return relay;
  }

  private constructor(options: RelayOptions, own: Own, network: Libp2pNetwork) {
    this.#options = options;
    this.#own = own;
    this.#key = SigningKey.fromSeed(own.privateKey);
    this.#clock = guardedClock(options.clock ?? systemClock, options.logger);
    this.#network = network;
    this.#claims = new ClaimBook(options.dataDir);
    this.#reach = openReach({
      sources: network.pipes,
      self: peerIdOf(this.#key.publicKey),
      clock: this.#clock,
      interfaces: () => this.#interfaces(),
      mapped: () => [],
      changed: () => {},
      quicPort: () => this.#port,
      // The next one, so that the rules of a firewall can name it.
      wishedPort: () => own.reachPort ?? this.#port + 1,
      keepPort: (reachPort) => this.#keepReachPort(reachPort),
    });
    this.#shared = new SharedNetwork(network, (stream) => {
      answerClaim(stream, (question) => this.#answer(question))
        .catch((error) => stream.reset(asError(error))).then(() => stream.release());
    });
    this.#meshes = new RelayMeshes({
      ...options,
      folder: join(options.dataDir, "meshes"),
      key: this.#key,
      clock: this.#clock,
      shared: this.#shared,
      reach: this.#reach,
      interfaces: () => this.#interfaces(),
    });
  }

  /** Whether no mesh has claimed it. */
  get isFree(): boolean {
    return this.#meshes.all.length === 0;
  }

  async status(): Promise<RelayStatus> {
    return {
      peer: peerIdOf(this.#key.publicKey),
      port: this.#port,
      addresses: this.#addresses(),
      openClaims: await this.#claims.openCount(this.#clock.now()),
      meshes: this.#meshes.all.map((mesh) => ({
        mesh: mesh.meshId,
        peers: mesh.peersConnected(),
        ...mesh.paths.carried,
      })),
    };
  }

  async stop(): Promise<void> {
    await this.#meshes.stop();
    await this.#network.stop();
    await this.#reach.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** The meshes are there before anybody can dial: who was refused would take this relay for none of the mesh any more. */
  async #open(): Promise<void> {
    const bound = Promise.withResolvers<number>();
    bound.promise.catch(() => undefined);
    const entering = (await this.#meshes.readAll()).map((enter) => enter(() => bound.promise));
    try {
      this.#port = await this.#network.bind(this.#own.port);
      bound.resolve(this.#port);
    } catch (error) {
      bound.reject(error);
      throw error;
    } finally {
      await Promise.all(entering);
    }
    this.#own = { ...this.#own, port: this.#port };
    await writeOwn(this.#options.dataDir, this.#own);
  }

  /** A relay without its disk is met all the same. */
  #keepReachPort(reachPort: number): void {
    if (reachPort === this.#own.reachPort) return;
    this.#own = { ...this.#own, reachPort };
    const { dataDir, logger } = this.#options;
    writeOwn(dataDir, this.#own).catch((error) => logger.warn("{error}", { error }));
  }

  /** Says why a claim is refused. */
  #answer(question: ClaimQuestion): Promise<string | undefined> {
    return this.#meshes.inTurn(() => this.#use(question));
  }

  async #use({ secret, token }: ClaimQuestion): Promise<string | undefined> {
    const state = await this.#claims.stateOf(secret, this.#clock.now());
    if (state !== "open") return REFUSALS[state];
    const mesh = meshOf(token, this.#clock.now());
    if ("refusal" in mesh) return mesh.refusal;
    if (!this.#meshes.has(mesh.id) && this.#meshes.all.length >= MAX_RELAY_MESHES) {
      return `this relay serves ${MAX_RELAY_MESHES} meshes already`;
    }
    if (this.#meshes.isStopped || !await this.#claims.take(secret)) return REFUSALS.used;
    try {
      await this.#meshes.join(mesh.id, token, this.#port);
      this.#options.logger.info("Carries for mesh {mesh} from now on", {
        event: "claimed",
        mesh: mesh.id,
      });
      return undefined;
    } catch (error) {
      await this.#claims.giveBack(secret);
      return `it could not be taken in: ${asError(error).message}`;
    }
  }

  #addresses(): readonly string[] {
    const peer = peerIdOf(this.#key.publicKey);
    return announceable(this.#interfaces(), { port: this.#port, peer });
  }

  #interfaces(): readonly InterfaceAddress[] {
    return interfacesOf(this.#own, this.#options.interfaces);
  }
}

/**
 * A new claim, also beside the relay that runs on the directory.
 * @throws {NoRelayError} where none has run there.
 */
export async function makeClaim(
  dataDir: string,
  { now = Date.now(), interfaces }: {
    readonly now?: number;
    readonly interfaces?: RelayOptions["interfaces"];
  } = {},
): Promise<{ readonly claim: string; readonly expiresAt: number }> {
  const own = await readDataFile(join(dataDir, OWN), ownSchema);
  if (own === undefined || own.port === null) throw new NoRelayError(dataDir);
  const peer = peerIdOf(SigningKey.fromSeed(own.privateKey).publicKey);
  const addresses = announceable(interfacesOf(own, interfaces), { port: own.port, peer });
  const secret = await new ClaimBook(dataDir).make(now);
  return { claim: encodeClaim({ peer, addresses, secret }), expiresAt: now + CLAIM_LIFE_MS };
}

/** No relay has run on the data directory yet. */
export class NoRelayError extends Error {
  override name = "NoRelayError";
  constructor(dataDir: string) {
    super(`No relay has run on ${dataDir}: start one with mesh-llm relay`);
  }
}

const OWN = "relay.json";

const ANOTHER = "print another with mesh-llm relay claim there";
const REFUSALS = {
  used: `this claim was used already: ${ANOTHER}`,
  expired: `this claim is too old: ${ANOTHER}`,
  unknown: `it has not made this claim, or has forgotten it: ${ANOTHER}`,
} as const;

function meshOf(
  token: string,
  now: number,
): { readonly id: string } | { readonly refusal: string } {
  try {
    const { meshKey, grant } = parseToken(token, now);
    if (grant.role === "relay") return { id: meshIdOf(meshKey) };
    return {
      refusal: `it was given an invite for a ${grant.role}, and wants to be no more than a relay`,
    };
  } catch (error) {
    if (error instanceof InvalidTokenError) return { refusal: error.message };
    throw error;
  }
}

function interfacesOf(
  { address }: Pick<Own, "address">,
  interfaces: RelayOptions["interfaces"] = () => Deno.networkInterfaces(),
): readonly InterfaceAddress[] {
  return address === null ? interfaces() : [{ name: "public", address }];
}

async function readOwn(dataDir: string, { bindPort, address }: RelayOptions): Promise<Own> {
  const kept = await readDataFile(join(dataDir, OWN), ownSchema);
  return {
    privateKey: kept?.privateKey ?? new Uint8Array(SigningKey.generate().seed),
    port: bindPort ?? kept?.port ?? null,
    address: address ?? kept?.address ?? null,
    reachPort: kept?.reachPort ?? null,
  };
}

function writeOwn(dataDir: string, { privateKey, ...own }: Own): Promise<void> {
  return writeDataFile(join(dataDir, OWN), { privateKey: privateKey.toBase64(), ...own });
}
