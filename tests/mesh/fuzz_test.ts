/**
 * The messages that a peer may send, to the handlers that would read them. MESH_LLM_FUZZ_RUNS: so many runs of each
 * property; MESH_LLM_FUZZ_SEED: the seed of one that failed, as its report says.
 */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import fc from "fast-check";
import { encodeCbor } from "../../src/mesh/base/cbor.ts";
import { systemClock } from "../../src/mesh/base/clock.ts";
import { foundCredential } from "../../src/mesh/trust/credential.ts";
import { chainToWire } from "../../src/mesh/trust/capability.ts";
import { GossipLink } from "../../src/mesh/gossip/gossip_link.ts";
import { answerJoin, proposeJoin } from "../../src/mesh/link/join.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import type { ByteStream, StreamHandler } from "../../src/mesh/mod.ts";
import type { PeerNetwork } from "../../src/mesh/link/peer_network.ts";
import { answerForLife } from "../../src/mesh/link/proof_of_life.ts";
import { openRecord, signRecord } from "../../src/mesh/gossip/record.ts";
import { openRevocation, signRevocation } from "../../src/mesh/trust/revocation.ts";
import { RevocationExchange } from "../../src/mesh/revocation_exchange.ts";
import { answerRoutes, askRoutes } from "../../src/mesh/routes/routes.ts";
import { EMPTY_TABLE } from "../../src/mesh/routes/routing_table.ts";
import type { Trust } from "../../src/mesh/trust/trust.ts";
import { handleFile } from "../../src/node/ends/file_host.ts";
import { encodeQuestion } from "../../src/node/ends/file_wire.ts";
import { encodeHttpFrame } from "../../src/tunnel/http/http_frames.ts";
import { encodeRpcOpening } from "../../src/tunnel/rpc/rpc_opening.ts";
import { handleHttp, RpcServerEnd } from "../../src/tunnel/mod.ts";
import { streamPair } from "../node/memory_streams.ts";
import { content } from "./content.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 60);
const SEED = Deno.env.get("MESH_LLM_FUZZ_SEED");
const PARAMETERS = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) };

/** The errors that a handler may end with if the peer is wrong: any other is a fault of ours. */
const OURS = [
  "TypeError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "AssertionError",
  "ZodError",
];

const logger = getLogger(["test", "fuzz"]);
const root = SigningKey.generate();
const key = SigningKey.generate();
const credential = foundCredential(root, { publicKey: key.publicKey, name: "a" });
const meshKey = root.publicKey;
const self = peerIdOf(key.publicKey);
const other = peerIdOf(new Uint8Array(32).fill(9));

const joinSelf = {
  id: self,
  credential,
  role: "member" as const,
  version: "0.1.0",
  passive: () => false,
  incarnation: () => 5,
  born: 5,
  now: () => 1_000,
  revocationOf: () => undefined,
  learn: (bytes: Uint8Array) => void openRevocation(bytes, { meshKey, now: 1_000 }),
  outlived: () => {},
};

const hello = {
  mesh: meshKey,
  chain: chainToWire(credential.chain),
  role: "member",
  passive: false,
  version: "0.1.0",
  incarnation: 1,
  born: 1,
  nonce: new Uint8Array(32),
};

const announcement = {
  ...content(),
  peer: self,
  addresses: [],
  rttsMs: {},
  incarnation: 1,
  seq: 1,
};
const record = signRecord({ status: "alive", announcement }, { key, credential }).bytes;
const revocation = signRevocation({ id: "00".repeat(8), expiresAt: null }, { root, meshKey }).bytes;

/** One end of each protocol between nodes, and what an honest peer would send to it. */
interface Door {
  readonly honest: readonly Uint8Array[];
  open(stream: ByteStream): Promise<unknown>;
}

const DOORS: Readonly<Record<string, Door>> = {
  join: {
    honest: [framed(hello)],
    open: (stream) =>
      answerJoin(stream, self, joinSelf, {
        contest: () => Promise.resolve(undefined),
        admit: () => {},
      }),
  },
  "answer to a join": {
    honest: [framed({ ok: true, hello }), framed({ ok: false, reason: "no", revocation })],
    open: (stream) => proposeJoin(stream, self, joinSelf, () => Promise.resolve(undefined)),
  },
  gossip: {
    honest: [
      ["records", [record, record.slice(1)]],
      ["ping", 1],
      ["pong", 1],
      ["digest", Array(16).fill(1)],
      ["versions", [1, 2], [[self, 1, 2, 3]]],
      ["want", [self, "x"]],
    ].map(framed),
    open: (stream) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const network = { ...stream, ended: promise, release: () => Promise.resolve(resolve()) };
      return new GossipLink(other, network, systemClock).run({
        received: (records) => records.forEach(openQuietly),
        answered: () => {},
        told: () => {},
        parted: () => {},
      });
    },
  },
  routes: {
    honest: [framed({ version: null }), framed({ version: EMPTY_TABLE.version, wanting: "qwen" })],
    open: (stream) =>
      answerRoutes(stream, {
        table: () => Promise.resolve(EMPTY_TABLE),
        next: (known) => Promise.resolve(known),
        asked: () => {},
      }),
  },
  "routing table": {
    honest: [framed(EMPTY_TABLE), framed({ unchanged: true })],
    open: (stream) => askRoutes(stream, EMPTY_TABLE, { wanting: "qwen" }),
  },
  revocations: { honest: [framed([revocation, revocation.slice(2)])], open: revocationsDoor() },
  life: { honest: [framed({ nonce: new Uint8Array(32) })], open: lifeDoor() },
  http: {
    honest: [
      encodeHttpFrame({
        type: "request",
        head: {
          model: "qwen",
          fingerprint: "0f".repeat(32),
          requestId: "1",
          grant: null,
          method: "POST",
          path: "/v1/chat/completions",
          headers: [["content-type", "application/json"]],
        },
      }),
    ],
    open: (stream) =>
      handleHttp(stream, other, {
        find: () => ({ baseUrl: "http://127.0.0.1:1", apiKey: null }),
        grants: { admit: () => ({ refused: null, passed: () => {}, ended: () => {} }) },
        ask: () => Promise.resolve(new Response("{}")),
        logger,
      }),
  },
  rpc: {
    honest: [encodeRpcOpening({ term: 3, weights: 1 })],
    open: (stream) =>
      new RpcServerEnd(
        {
          gate: { admit: () => Promise.reject(new Error("No split runs here")) },
          logger,
          weights: { find: () => Promise.resolve(undefined) },
          countsOf: () => ({ saved: () => {} }),
          translatePort: () => undefined,
        } as unknown as ConstructorParameters<typeof RpcServerEnd>[0],
      ).handle(stream, other),
  },
  file: {
    honest: [
      encodeQuestion({
        fingerprint: "0f".repeat(32),
        shard: 0,
        offset: 0,
        length: 1,
        want: "bytes",
      }),
    ],
    open: (stream) => handleFile(stream, other, { models: () => [], logger }),
  },
};

function framed(message: unknown): Uint8Array {
  const body = encodeCbor(message);
  const bytes = new Uint8Array(4 + body.byteLength);
  new DataView(bytes.buffer).setUint32(0, body.byteLength);
  bytes.set(body, 4);
  return bytes;
}

function openQuietly(bytes: Uint8Array): void {
  try {
    openRecord(bytes, { meshKey, now: 1_000 });
  } catch (error) {
    assert.ok(!OURS.includes((error as Error).name), `${error}`);
  }
}

function revocationsDoor(): Door["open"] {
  let handler: StreamHandler | undefined;
  const network = {
    handle: (_protocol: string, _options: unknown, taken: StreamHandler) => void (handler = taken),
    subscribe: () => () => {},
  };
  const trust = {
    subscribe: () => () => {},
    countBad: () => {},
    learn: (bytes: Uint8Array) => void openRevocation(bytes, { meshKey, now: 1_000 }),
  };
  new RevocationExchange({
    network: network as unknown as PeerNetwork,
    trust: trust as unknown as Trust,
    role: "member",
    active: () => true,
    random: () => 0,
  });
  return (stream) => (handler as StreamHandler)(stream, { id: other, role: "member" });
}

function lifeDoor(): Door["open"] {
  let handler: ((stream: ByteStream) => Promise<void>) | undefined;
  answerForLife({ handle: (_protocol, _options, taken) => handler = taken }, { key, born: 1 });
  return (stream) => (handler as (stream: ByteStream) => Promise<void>)(stream);
}

/** The values that CBOR and JSON can hold. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 80 }),
    fc.constantFrom("records", "versions", "want", "digest", "__proto__", "constructor"),
    fc.array(tie("any"), { maxLength: 6 }),
    fc.dictionary(fc.string({ unit: "binary" }), tie("any"), { maxKeys: 6 }),
  ),
})).any;

/** An honest peer's bytes, a little or completely wrong. */
function anyBytes(honest: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const altered = fc.tuple(
    fc.constantFrom(...honest),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    fc.option(fc.nat(), { freq: 3 }),
  ).map(([bytes, changes, cut]) => {
    const copy = bytes.slice();
    for (const [at, byte] of changes) copy[at % copy.length] = byte;
    return cut === null ? copy : copy.subarray(0, cut % copy.length);
  });
  return fc.array(
    fc.oneof(
      altered,
      fc.constantFrom(...honest),
      value.map(framed),
      fc.uint8Array({ maxLength: 64 }),
    ),
    { minLength: 1, maxLength: 3 },
  ).map((parts) => new Uint8Array(parts.flatMap((part) => [...part])));
}

for (const [name, { honest, open }] of Object.entries(DOORS)) {
  Deno.test(`whatever comes for ${name}, its reader ends in order`, async () => {
    const property = fc.asyncProperty(anyBytes(honest), fc.nat(), async (bytes, cut) => {
      const [near, far] = streamPair();
      const opened = open(near).then(() => undefined, (error: unknown) => error);
      const at = cut % (bytes.length + 1);
      for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) {
        // A refused peer already writes into a stream that is reset.
        await far.write(part).catch(() => undefined);
      }
      await far.closeWrite();
      const error = await opened;
      assert.ok(error === undefined || error instanceof Error, `${error}`);
      assert.ok(error === undefined || !OURS.includes(error.name), (error as Error)?.stack);
    });
    await fc.assert(property, PARAMETERS);
  });
}
