import assert from "node:assert/strict";
import { fitAnnouncement } from "../../../src/mesh/gossip/fit_announcement.ts";
import { BadMessageError, encodeCbor } from "../../../src/mesh/base/cbor.ts";
import { chainToWire, extendChain } from "../../../src/mesh/trust/capability.ts";
import { foundCredential } from "../../../src/mesh/trust/credential.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../../../src/mesh/base/message_defaults.ts";
import { StaleMessageError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { openRecord, type RecordSigner, signRecord } from "../../../src/mesh/gossip/record.ts";
import type { Machine } from "../../../src/mesh/base/machine.ts";
import type { Announcement, Instance } from "../../../src/mesh/base/announcement.ts";
import { content, machine } from "../content.ts";

const NOW = 1_000;
const OTHER = peerIdOf(new Uint8Array(32).fill(9));

function member(): RecordSigner & { announcement: Announcement } {
  const key = SigningKey.generate();
  const credential = foundCredential(SigningKey.generate(), {
    publicKey: key.publicKey,
    name: "a",
  });
  const peer = peerIdOf(key.publicKey);
  const addresses = [`/ip4/10.0.0.1/udp/4500/quic-v1/p2p/${peer}`];
  const announcement = {
    ...content(),
    peer,
    addresses,
    rttsMs: { [OTHER]: 0.5 },
    incarnation: 5,
    seq: 6,
  };
  return { key, credential, announcement };
}

/** A split of which this node is the host. */
function split(name: string, tunnelPorts: Record<string, number>): Instance {
  return {
    model: { name, fingerprint: "0f".repeat(32) },
    sizeBytes: 1,
    contextLength: 4_096,
    mode: "split",
    state: "warm",
    term: 3,
    hostShare: 0.5,
    workers: [{ peer: OTHER, share: 0.5 }],
    needBytes: 1,
    haveBytes: 1,
    tunnelPorts,
  };
}

function open(bytes: Uint8Array, { credential: { meshKey } }: RecordSigner, now = NOW) {
  return openRecord(bytes, { meshKey, now });
}

Deno.test("a signed announcement is read as it was written", () => {
  const signer = member();
  const full: Announcement = {
    ...signer.announcement,
    models: [{ name: "qwen", sizeBytes: 4e9, fingerprint: "0f".repeat(32), needBytes: 5e9 }],
    targets: [{ name: "qwen", fingerprint: "0f".repeat(32) }],
    instances: [
      split("qwen", { [OTHER]: 50_052 }),
      split("guide", { [OTHER]: 50_053 }),
    ],
    obeys: [
      { host: OTHER, term: 3, ready: true, model: { name: "qwen", fingerprint: "0f".repeat(32) } },
      { host: OTHER, term: 3, ready: false, model: { name: "it", fingerprint: "0f".repeat(32) } },
    ],
    machine: machine({
      devices: [{
        name: "Metal (M4)",
        kind: "integrated",
        totalBytes: 3,
        offeredBytes: 2,
        usedBytes: 1,
      }],
      engine: { build: "11669", rpcProtocol: "8.0.0", origin: "debian" },
    }),
    tensorSplit: [3, 1],
  };
  const record = open(signRecord({ status: "alive", announcement: full }, signer).bytes, signer);
  assert.deepEqual(record.announcement, full);
  assert.deepEqual([record.incarnation, record.seq, record.status], [5, 6, "alive"]);
  assert.equal(record.signer, record.subject);
});

Deno.test("an announcement of an earlier version says nothing of proportions", () => {
  const signer = member();
  const { tensorSplit: _, ...announcement } = signer.announcement;
  const earlier = announcement as Announcement;
  const record = open(signRecord({ status: "alive", announcement: earlier }, signer).bytes, signer);
  assert.deepEqual(record.announcement, { ...earlier, tensorSplit: null });
});

Deno.test("a record that is altered at any byte is refused", () => {
  const signer = member();
  const { bytes } = signRecord({ status: "alive", announcement: signer.announcement }, signer);
  for (let i = 0; i < bytes.byteLength; i += 3) {
    const altered = bytes.slice();
    altered[i] = (altered[i] ?? 0) ^ 0x10;
    assert.throws(() => open(altered, signer), BadMessageError, `byte ${i}`);
  }
});

Deno.test("values that no honest node sends are refused", () => {
  const changes: Partial<Record<keyof Announcement | keyof Machine, unknown>>[] = [
    { name: "\u001b[31mred" },
    { name: "two\u2028lines" },
    { name: "" },
    { memoryBytes: -1 },
    { memoryBytes: Infinity },
    { memoryBytes: 2 ** 51 },
    { rttsMs: { [OTHER]: 1e9 } },
    { obeys: [{ host: OTHER, term: 2 ** 52, ready: true }] },
    { devices: [{ name: "GPU", kind: null, totalBytes: 1, offeredBytes: 2 ** 51, usedBytes: 0 }] },
    { wanted: ["a/../b"] },
    { seq: 1.5 },
    { incarnation: 2 ** 50 },
    { role: 7 },
    { addresses: [7] },
    { addresses: Array(17).fill("/ip4/10.0.0.1/udp/1/quic-v1/p2p/" + OTHER) },
    {
      models: [{
        name: "../../etc/passwd",
        sizeBytes: 1,
        fingerprint: "0f".repeat(32),
        needBytes: 1,
      }],
    },
    { models: [{ name: "qwen", sizeBytes: 1, fingerprint: "zz", needBytes: 1 }] },
    { wanted: ["-rm"] },
    { rttsMs: { nobody: 1 } },
    { instances: [split("qwen", { [OTHER]: 70_000 })] },
    { instances: [split("qwen", {}), split("guide", { [OTHER]: 70_000 })] },
    { obeys: [{ host: OTHER, term: 2, ready: true, model: { name: "../qwen", fingerprint: "" } }] },
    { engine: { build: "1; rm", rpcProtocol: "8.0.0" } },
  ];
  for (const change of changes) {
    const signer = member();
    const machine = { ...signer.announcement.machine, ...change };
    const announcement = { ...signer.announcement, ...change, machine } as Announcement;
    const { bytes } = signRecord({ status: "alive", announcement }, signer);
    assert.throws(() => open(bytes, signer), BadMessageError, JSON.stringify(change));
  }
});

Deno.test("everybody speaks for themselves, but for the dead", () => {
  const signer = member();
  const { announcement } = signer;
  const version = { incarnation: 1, seq: 1 };
  const own = announcement.peer;
  const cases = [
    [{ status: "alive", announcement: { ...announcement, peer: OTHER } }, false],
    [{ status: "left", subject: own, version }, true],
    [{ status: "left", subject: OTHER, version }, false],
    [{ status: "dead", subject: OTHER, version }, true],
    [{ status: "dead", subject: own, version }, false],
  ] as const;
  for (const [content, allowed] of cases) {
    const { bytes } = signRecord(content, signer);
    if (allowed) assert.deepEqual(open(bytes, signer).status, content.status);
    else assert.throws(() => open(bytes, signer), /not .* to sign/);
  }
});

Deno.test("a record of another mesh, an expired member, a client or a stolen chain is refused", () => {
  const signer = member();
  const content = { status: "alive", announcement: signer.announcement } as const;
  const { bytes } = signRecord(content, signer);
  assert.throws(() => open(bytes, member()), /credential is refused/);
  const limits = [
    [{ expiresAt: NOW }, StaleMessageError],
    [{ role: "client" as const }, BadMessageError],
  ] as const;
  for (const [grant, refusal] of limits) {
    const root = SigningKey.generate();
    const chain = extendChain([], {
      meshKey: root.publicKey,
      signer: root,
      subject: signer.key.publicKey,
      kind: "node",
      grant: { ...signer.credential.grant, ...grant },
    });
    const limited = {
      ...signer,
      credential: { ...signer.credential, meshKey: root.publicKey, chain },
    };
    assert.throws(() => open(signRecord(content, limited).bytes, limited), refusal);
  }
  const thief = { ...member(), credential: signer.credential };
  assert.throws(() => open(signRecord(content, thief).bytes, signer), /belongs to another node/);
});

Deno.test("a record that is too large or no record at all is refused", () => {
  const signer = member();
  assert.throws(
    () => open(new Uint8Array(MAX_ANNOUNCEMENT_BYTES + 1), signer),
    /more than are allowed/,
  );
  const { chain } = signer.credential;
  for (
    const value of [null, 7, {}, [], [1, 2, 3, 4], [
      new Uint8Array(1),
      new Uint8Array(64),
      chainToWire(chain),
    ]]
  ) {
    assert.throws(() => open(encodeCbor(value), signer), BadMessageError);
  }
});

Deno.test("fitAnnouncement() shortens names and leaves out models until the rest is accepted", () => {
  const signer = member();
  const name = "x".repeat(128);
  const model = { name, sizeBytes: 1e12, fingerprint: "0f".repeat(32), needBytes: 1e12 };
  const wanted = Array(200).fill("y".repeat(128));
  const large = {
    ...signer.announcement,
    machine: machine({ name: "é\u0007".repeat(99) }),
    models: Array(300).fill(model),
    wanted,
  };
  const announcement = fitAnnouncement(large);
  const { bytes } = signRecord({ status: "alive", announcement }, signer);
  assert.ok(bytes.byteLength <= MAX_ANNOUNCEMENT_BYTES);
  assert.ok(announcement.models.length > 50);
  assert.equal(open(bytes, signer).announcement?.machine.name, "é".repeat(32));
});

Deno.test("a life whose end nobody could tell is past for all, and not held against who relays it", () => {
  const signer = member();
  const told = (changes: Partial<Announcement>) =>
    signRecord({ status: "alive", announcement: { ...signer.announcement, ...changes } }, signer);
  assert.throws(() => open(told({ incarnation: 2 ** 45 }).bytes, signer), StaleMessageError);
  assert.throws(() => open(told({ seq: 2 ** 44 + 1 }).bytes, signer), StaleMessageError);
  assert.equal(open(told({ seq: 2 ** 44 }).bytes, signer).seq, 2 ** 44);
});
