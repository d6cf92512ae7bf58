import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { MESH_TIMINGS } from "../../../src/mesh/base/timings.ts";
import { foundCredential } from "../../../src/mesh/trust/credential.ts";
import { Contacts } from "../../../src/mesh/gossip/contacts.ts";
import { DeathWatch } from "../../../src/mesh/gossip/death_watch.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { OwnRecords } from "../../../src/mesh/gossip/own_records.ts";
import { Prober } from "../../../src/mesh/gossip/prober.ts";
import { type MeshRecord, signRecord } from "../../../src/mesh/gossip/record.ts";
import { Roster } from "../../../src/mesh/gossip/roster.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { content } from "../content.ts";

const ROOT = SigningKey.generate();

/** A roster at incarnation 100, and what its node knows of its connectivity. */
function rosterOf(key = SigningKey.generate()) {
  const credential = foundCredential(ROOT, { publicKey: key.publicKey, name: "a" });
  const self = peerIdOf(key.publicKey);
  const rttsMs: Record<string, number> = {};
  const counter = {
    incarnation: 100,
    rise(above: number) {
      this.incarnation = above + 1;
    },
  };
  const roster = new Roster({ self, clock: { elapsed: () => 0 } });
  const own = new OwnRecords({
    self,
    roster,
    sign: (content) => signRecord(content, { key, credential }),
    counter,
    logger: getLogger("test"),
    connectivity: () => ({ addresses: [], rttsMs: { ...rttsMs } }),
  });
  const others = (status: "alive" | "dead", incarnation: number, seq: number): MeshRecord =>
    signRecord(
      status === "dead" ? { status, subject: self, version: { incarnation, seq } } : {
        status,
        announcement: { ...content(), peer: self, addresses: [], rttsMs: {}, incarnation, seq },
      },
      { key, credential },
    );
  return { roster, own, self, rttsMs, counter, others };
}

const version = (record: MeshRecord | undefined) => record && [record.incarnation, record.seq];

Deno.test("only what is new is said again, under the next number", () => {
  const { own, rttsMs } = rosterOf();
  assert.equal(own.refresh(), undefined);
  assert.equal(own.goodbye(), undefined);
  assert.deepEqual(version(own.announce(content())), [100, 1]);
  assert.equal(own.announce(content()), undefined);
  assert.deepEqual(version(own.announce(content({ wanted: ["qwen"] }))), [100, 2]);
  rttsMs[peerIdOf(new Uint8Array(32))] = 4;
  assert.deepEqual(version(own.refresh()), [100, 3]);
  assert.equal(own.refresh(), undefined);
  assert.deepEqual(version(own.goodbye()), [100, 3]);
});

Deno.test("a node goes above what is said of it under a higher version, and ignores the rest", () => {
  const { roster, own, counter, others } = rosterOf();
  assert.equal(own.refute(others("dead", 99, 50)), undefined);
  own.announce(content());
  assert.equal(own.refute(others("alive", 100, 0)), undefined);
  const last = [...roster.membership.values()][0]?.record;
  assert.ok(last);
  assert.equal(own.refute(last), undefined);
  assert.deepEqual(version(own.refute(others("dead", 100, 1))), [100, 2]);
  assert.deepEqual(version(own.refute(others("dead", 100, 9))), [100, 10]);
  assert.deepEqual(version(own.refute(others("alive", 200, 3))), [201, 11]);
  assert.equal(counter.incarnation, 201);
});

Deno.test("a node that has said nothing yet only remembers to go above", () => {
  const { own, counter, others } = rosterOf();
  assert.equal(own.refute(others("alive", 200, 3)), undefined);
  assert.equal(counter.incarnation, 201);
  assert.deepEqual(version(own.announce(content())), [201, 4]);
});

/** The action of a death watch on a member that never answers. */
function watchOf({ roster, own }: Pick<ReturnType<typeof rosterOf>, "roster" | "own">) {
  const declaredDead: PeerId[] = [];
  const first = Promise.withResolvers<void>();
  const prober = new Prober({
    ping: () => false,
    rejoin: () => Promise.reject(new Error("Nobody there")),
    handshake: () => Promise.reject(new Error("Nobody there")),
  }, { clock: systemClock, timings: MESH_TIMINGS });
  const deaths = new DeathWatch({
    roster,
    own,
    contacts: new Contacts(),
    prober,
    effects: {
      declaredDead: (notice) => {
        declaredDead.push(notice.subject);
        first.resolve();
        roster.accept([notice]);
      },
      tell: () => {},
    },
    logger: getLogger("test"),
  });
  return { deaths, declaredDead, first: first.promise };
}

Deno.test("a known record is found by its bytes, as long as there is nothing newer", () => {
  const node = rosterOf();
  const { roster } = node;
  const peer = rosterOf();
  const [first, second] = [peer.others("alive", 100, 1), peer.others("alive", 100, 2)];
  assert.equal(roster.find(first.bytes), undefined);
  roster.accept([first]);
  assert.equal(roster.find(Uint8Array.from(first.bytes)), first);
  const forged = Uint8Array.from(first.bytes);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  assert.equal(roster.find(forged), undefined);
  roster.accept([second]);
  assert.equal(roster.find(first.bytes), undefined);
  assert.equal(roster.find(second.bytes), second);
  roster.expel(({ subject }) => subject === peer.self);
  assert.equal(roster.find(second.bytes), undefined);
});

Deno.test("those whose life is over are listed until they are back or forgotten", () => {
  const { roster } = rosterOf();
  const [peer, other] = [rosterOf(), rosterOf()];
  const over = () => roster.over.map(({ record }) => record.subject);
  roster.accept([peer.others("alive", 100, 1), other.others("alive", 100, 1)]);
  assert.deepEqual(over(), []);
  roster.accept([peer.others("dead", 100, 1), other.others("dead", 100, 1)]);
  assert.deepEqual(over(), [peer.self, other.self]);
  roster.accept([peer.others("alive", 100, 2)]);
  assert.deepEqual(over(), [other.self]);
  roster.expel(({ subject }) => subject === other.self);
  assert.deepEqual(over(), []);
});

Deno.test("a peer that objects to its burial is left in peace until it is met again", () => {
  const node = rosterOf();
  const { roster } = node;
  const peer = rosterOf();
  const { deaths, declaredDead } = watchOf(node);
  const lives = (seq: number) => roster.accept([peer.others("alive", 100, seq)]);
  lives(1);
  deaths.giveUp(peer.self, "it does not answer");
  assert.deepEqual(declaredDead, [peer.self]);
  lives(2);
  deaths.giveUp(peer.self, "it does not answer");
  assert.equal(declaredDead.length, 1);
  assert.equal(roster.isAlive(peer.self), true);
  deaths.met(peer.self);
  deaths.giveUp(peer.self, "it does not answer");
  assert.equal(declaredDead.length, 2);
});

Deno.test("a suspect that does not answer is declaredDead once, whoever suspects it", async () => {
  const node = rosterOf();
  const { roster } = node;
  const peer = rosterOf();
  const { deaths, declaredDead, first } = watchOf(node);
  deaths.suspect(peer.self, "nobody knows it");
  roster.accept([peer.others("alive", 100, 1)]);
  deaths.met(peer.self);
  deaths.suspect(peer.self, "its connection closed");
  deaths.contest(peer.others("dead", 100, 5));
  deaths.contest(peer.others("dead", 99, 5));
  await first;
  await deaths.stop();
  assert.deepEqual(declaredDead, [peer.self]);
});
