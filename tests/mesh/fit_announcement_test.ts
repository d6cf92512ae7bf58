import assert from "node:assert/strict";
import fc from "fast-check";
import { foundCredential } from "../../src/mesh/credential.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../../src/mesh/defaults.ts";
import { fitAnnouncement } from "../../src/mesh/fit_announcement.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/keys.ts";
import { openRecord, signRecord } from "../../src/mesh/record.ts";
import type { Announcement, PeerId } from "../../src/mesh/types.ts";
import { content } from "./content.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 30);

const root = SigningKey.generate();
const key = SigningKey.generate();
const credential = foundCredential(root, { publicKey: key.publicKey, name: "a" });
const self = peerIdOf(key.publicKey);
const peers = Array.from({ length: 300 }, (_, i) => peerIdOf(new Uint8Array(32).fill(i, 0, 2)));

const plain = { noNullPrototype: true } as const;
const rec = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, plain);
const number = fc.oneof(fc.integer(), fc.double(), fc.constant(2 ** 51), fc.constant(NaN));
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 160 }),
  fc.stringMatching(/^[A-Za-z0-9][\w.:/-]{0,127}$/),
  fc.integer({ max: 999 }).map((i) => `${"m".repeat(120)}${i}`),
);
const many = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 400, size: "max" });
const peer = fc.constantFrom(...peers);
const ref = rec({ name: fc.constant("model"), fingerprint: fc.constant("0f".repeat(32)) });
const device = rec({ name: text, totalBytes: number, offeredBytes: number, usedBytes: number });
const workers = fc.uniqueArray(peer, { maxLength: 256, size: "max" })
  .map((chosen) => chosen.map((peer) => ({ peer, share: 1.5 / chosen.length })));

/** Whatever lists and numbers a node comes to say by what others say to it. */
const announcement: fc.Arbitrary<Announcement> = rec({
  peer: fc.constant(self),
  name: text,
  version: text,
  memoryBytes: number,
  downloadBytes: number,
  devices: many(device),
  models: many(rec({
    name: text,
    fingerprint: fc.constant("0f".repeat(32)),
    sizeBytes: number,
    needBytes: number,
  })),
  wanted: many(text),
  refuses: many(text),
  addresses: many(fc.oneof(text, fc.constant(`/ip4/10.0.0.1/udp/1/quic-v1/p2p/${self}`))),
  demand: fc.dictionary(text, number, { maxKeys: 40, size: "max", ...plain }),
  rttsMs: fc.dictionary(peer, number, { maxKeys: 200, size: "max", ...plain }),
  tunnelPorts: fc.dictionary(peer, fc.integer({ min: 1, max: 65_535 }), {
    maxKeys: 300,
    size: "max",
    ...plain,
  }),
  claim: fc.option(rec({ model: text, reason: fc.constant("hot" as const) })),
  engine: fc.option(rec({ build: text, rpcProtocol: text })),
  instance: fc.option(rec({
    model: ref,
    sizeBytes: number,
    contextLength: number,
    mode: fc.constant("split" as const),
    state: fc.constant("warm" as const),
    term: number,
    hostShare: number,
    workers,
    needBytes: number,
    haveBytes: number,
  })),
}).map((parts) => ({ ...content(), ...parts, incarnation: 2 ** 41, seq: 2 ** 30 }));

Deno.test("whatever a node comes to say, it is what others accept, and within its size", () => {
  fc.assert(
    fc.property(announcement, (one) => {
      const fitted = fitAnnouncement(one);
      const { bytes } = signRecord({ status: "alive", announcement: fitted }, { key, credential });
      assert.ok(bytes.byteLength <= MAX_ANNOUNCEMENT_BYTES);
      const opened = openRecord(bytes, { meshKey: root.publicKey, now: 0 }).announcement;
      assert.deepEqual(opened, fitted, "what others read is what was said");
      assert.deepEqual(fitAnnouncement(fitted), fitted);
      assert.equal(fitted.instance?.workers.length, one.instance?.workers.length);
      assert.deepEqual(fitted.target, one.target);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("of what is too much the last goes first, and of the lists what others need least", () => {
  const name = (kind: string, i: number) => `${kind}-${i}-`.padEnd(128, "x");
  const names = (kind: string) => Array.from({ length: 250 }, (_, i) => name(kind, i));
  const one: Announcement = {
    ...content({
      wanted: names("wanted"),
      refuses: names("refused"),
      models: names("model").map((name) => ({
        name,
        fingerprint: "0f".repeat(32),
        sizeBytes: 1e12,
        needBytes: 1e12,
      })),
    }),
    peer: self as PeerId,
    addresses: [],
    rttsMs: {},
    incarnation: 1,
    seq: 1,
  };
  const { wanted, refuses, models } = fitAnnouncement(one);
  assert.equal(wanted[0], name("wanted", 0));
  assert.ok(models.length >= 50 && wanted.length >= 50 && refuses.length >= 50);
  assert.ok(models.length < 200);
});
