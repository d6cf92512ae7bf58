import fc from "fast-check";
import { DEVICE_KINDS } from "../../src/mesh/base/machine.ts";
import { peerIdOf } from "../../src/mesh/base/keys.ts";
import type { Announcement } from "../../src/mesh/base/announcement.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { content } from "./content.ts";

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
const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 20 });
const ref = rec({
  name: fc.constantFrom(..."abcdefghijklmnopqrst"),
  fingerprint: fc.constant("0f".repeat(32)),
});
const device = rec({
  name: text,
  kind: fc.constantFrom(...DEVICE_KINDS, null),
  totalBytes: number,
  offeredBytes: number,
  usedBytes: number,
});
const workers = fc.uniqueArray(peer, { maxLength: 256, size: "max" })
  .map((chosen) => chosen.map((peer) => ({ peer, share: 1.5 / chosen.length })));

const tunnelPorts = fc.dictionary(peer, fc.integer({ min: 1, max: 65_535 }), {
  maxKeys: 300,
  size: "max",
  ...plain,
});

/** Whatever lists and numbers a node comes to say by what others say to it. */
export const anyAnnouncement = (self: PeerId): fc.Arbitrary<Announcement> =>
  rec({
    peer: fc.constant(self),
    machine: rec({
      name: text,
      version: text,
      system: fc.option(text),
      devices: many(device),
      engine: fc.option(rec({ build: text, rpcProtocol: text, origin: fc.option(text) })),
      loadsOnRequest: fc.constant(false as const),
    }),
    memoryBytes: number,
    downloadBytes: number,
    models: many(rec({
      name: text,
      fingerprint: fc.constant("0f".repeat(32)),
      sizeBytes: number,
      needBytes: number,
    })),
    aliases: many(
      rec({ alias: text, model: rec({ name: text, fingerprint: fc.constant("0f".repeat(32)) }) }),
    ),
    wanted: many(text),
    asked: many(text),
    refuses: many(text),
    dropped: many(text),
    failures: many(rec({ model: text, reason: text })),
    addresses: many(fc.oneof(text, fc.constant(`/ip4/10.0.0.1/udp/1/quic-v1/p2p/${self}`))),
    demand: fc.dictionary(text, number, { maxKeys: 40, size: "max", ...plain }),
    rttsMs: fc.dictionary(peer, number, { maxKeys: 200, size: "max", ...plain }),
    targets: few(ref),
    claims: few(rec({ model: text, reason: fc.constant("hot" as const) })),
    reservations: few(rec({
      model: ref,
      devices: many(rec({ name: text, bytes: number })),
    })),
    obeys: few(
      fc.record(
        { host: peer, term: fc.nat(3), ready: fc.boolean(), model: ref },
        { requiredKeys: ["host", "term", "ready"], ...plain },
      ),
    ),
    instances: fc.array(
      rec({
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
        tunnelPorts,
      }),
      { maxLength: 3 },
    ),
  }).map((parts) => ({ ...content(), ...parts, incarnation: 2 ** 41, seq: 2 ** 30 }));
