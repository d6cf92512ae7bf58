import assert from "node:assert/strict";
import fc from "fast-check";
import { foundCredential } from "../../../src/mesh/trust/credential.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../../../src/mesh/base/message_defaults.ts";
import {
  announcementSchema,
  announcementToWire,
} from "../../../src/mesh/gossip/announcement_wire.ts";
import { fitAnnouncement } from "../../../src/mesh/gossip/fit_announcement.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { openRecord, signRecord } from "../../../src/mesh/gossip/record.ts";
import type { Announcement } from "../../../src/mesh/base/announcement.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { anyAnnouncement } from "../any_announcement.ts";
import { content } from "../content.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 30);

const root = SigningKey.generate();
const key = SigningKey.generate();
const credential = foundCredential(root, { publicKey: key.publicKey, name: "a" });
const self = peerIdOf(key.publicKey);

Deno.test("whatever a node comes to say, it is what others accept, and within its size", () => {
  fc.assert(
    fc.property(anyAnnouncement(self), (one) => {
      const fitted = fitAnnouncement(one);
      const { bytes } = signRecord({ status: "alive", announcement: fitted }, { key, credential });
      assert.ok(bytes.byteLength <= MAX_ANNOUNCEMENT_BYTES);
      const opened = openRecord(bytes, { meshKey: root.publicKey, now: 0 }).announcement;
      assert.deepEqual(opened, fitted, "what others read is what was said");
      assert.deepEqual(fitAnnouncement(fitted), fitted);
      assert.equal(fitted.instances[0]?.workers.length, one.instances[0]?.workers.length);
      assert.deepEqual(fitted.targets[0], one.targets[0]);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("a name that objects lose is demanded of nobody", () => {
  const demand = Object.fromEntries([["__proto__", 1], ["constructor", 2]]);
  const one: Announcement = {
    ...content({ demand }),
    peer: self as PeerId,
    addresses: [],
    rttsMs: {},
    incarnation: 1,
    seq: 1,
  };
  assert.deepEqual(fitAnnouncement(one).demand, { constructor: 2 });
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

Deno.test("a machine of which devices are left out is still one that others accept", () => {
  const devices = Array.from({ length: 64 }, (_, i) => ({
    name: `device-${i}-`.padEnd(64, "x"),
    kind: "cpu" as const,
    totalBytes: 9e9,
    offeredBytes: i === 63 ? 0 : 8e9,
    usedBytes: 0,
  }));
  const wanted = Array.from({ length: 200 }, (_, i) => `wanted-${i}-`.padEnd(200, "x"));
  const models = wanted.map((name) => ({
    name,
    fingerprint: "0f".repeat(32),
    sizeBytes: 1e12,
    needBytes: 1e12,
  }));
  const reason = "x".repeat(400);
  const one: Announcement = {
    ...content({ devices, wanted, models, refuses: wanted, memoryBytes: 1 }),
    failures: wanted.slice(0, 8).map((model) => ({ model, reason })),
    instances: ["a", "b", "c"].map((name) => ({
      ...INSTANCE,
      model: { ...INSTANCE.model, name },
      workers: Array(256).fill({ peer: self, share: 1 / 256 }),
    })),
    peer: self as PeerId,
    addresses: [],
    rttsMs: {},
    incarnation: 1,
    seq: 1,
  };
  const fitted = fitAnnouncement(one);
  assert.ok(fitted.machine.devices.length < devices.length);
  assert.deepEqual(announcementSchema.parse(announcementToWire(fitted)), fitted);
});

const INSTANCE = {
  model: { name: "big", fingerprint: "0f".repeat(32) },
  sizeBytes: 1,
  contextLength: 1,
  mode: "split",
  state: "warm",
  term: 1,
  hostShare: 0,
  needBytes: 1,
  haveBytes: 1,
} as const;
