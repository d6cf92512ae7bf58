import assert from "node:assert/strict";
import fc from "fast-check";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { AskBudget } from "../../../src/mesh/reach/ask_budget.ts";
import { isForAll, mayBeAsked, ownCandidates } from "../../../src/mesh/reach/candidates.ts";
import {
  ANSWER_RATE,
  MAX_CANDIDATES,
  PEER_ASK_RATE,
  SITE_ASK_RATE,
} from "../../../src/mesh/reach/defaults.ts";
import { ProbeSession } from "../../../src/mesh/reach/probe_session.ts";
import {
  isProbe,
  PROBE_BYTES,
  probeSender,
  readProbe,
  writeProbe,
} from "../../../src/mesh/reach/probe_wire.ts";
import { ReplayWindow } from "../../../src/mesh/reach/replay_window.ts";
import { udpEnd } from "../../../src/mesh/reach/mod.ts";

const [A, B] = [
  peerIdOf(SigningKey.generate().publicKey),
  peerIdOf(SigningKey.generate().publicKey),
];
const SECRET = new Uint8Array(32).fill(7);
const AT_A = udpEnd("198.51.100.1", 4_001);
const AT_B = udpEnd("198.51.100.2", 4_002);

function sessions(secret = SECRET) {
  return {
    a: new ProbeSession(secret, { self: A, peer: B }),
    b: new ProbeSession(secret, { self: B, peer: A }),
  };
}

Deno.test("a question is answered, with the address that it came from", () => {
  for (const seen of [AT_A, udpEnd("2001:db8::7", 65_535)]) {
    const { a, b } = sessions();
    const asked = b.receive(a.ask(AT_B, 100), seen, 0);
    assert(asked?.kind === "asked");
    assert.deepEqual(a.receive(asked.answer, AT_B, 125), { kind: "answered", rttMs: 25, seen });
    assert.equal(asked.answer.length, PROBE_BYTES, "an answer is no longer than its question");
  }
});

Deno.test("nothing but the peer's own probes counts, and each once", () => {
  const { a, b } = sessions();
  const question = a.ask(AT_B, 0);
  assert.equal(a.receive(question, AT_B, 1), undefined, "one's own, sent back");
  const asked = b.receive(question, AT_A, 1);
  assert(asked?.kind === "asked");
  assert.equal(b.receive(question, AT_A, 1), undefined, "again");
  assert.equal(a.receive(asked.answer, AT_A, 1), undefined, "from where nobody was asked");
  assert.equal(a.receive(asked.answer, AT_B, 1)?.kind, "answered");
  assert.equal(a.receive(asked.answer, AT_B, 1), undefined, "again");
  const stranger = sessions(new Uint8Array(32).fill(8));
  assert.equal(b.receive(stranger.a.ask(AT_B, 0), AT_A, 1), undefined, "another's secret");
});

Deno.test("an answer to a question that nobody asked is none", () => {
  const { a } = sessions();
  const sender = probeSender(SECRET, B);
  for (const number of [0n, 5n, 2n ** 64n - 1n]) {
    const answer = writeProbe({ kind: "answer", number, nonce: 0n, seen: AT_A }, sender);
    assert.equal(a.receive(answer, AT_B, 1), undefined);
  }
});

Deno.test("a peer that forges its address can't answer there for a stranger", () => {
  const { a, b } = sessions();
  const STRANGER = udpEnd("192.0.2.66", 4_000);
  // It has heard the questions before and after, and knows the number and the key.
  const sender = probeSender(SECRET, B);
  a.ask(AT_B, 0);
  const unheard = a.ask(STRANGER, 1);
  const heard = readProbe(a.ask(AT_B, 2), probeSender(SECRET, A));
  assert(heard?.number === 2n);
  for (const nonce of [0n, heard.nonce, heard.nonce + 1n]) {
    const forged = writeProbe({ kind: "answer", number: 1n, nonce, seen: AT_A }, sender);
    assert.equal(a.receive(forged, STRANGER, 3), undefined);
  }
  const asked = b.receive(unheard, AT_A, 3);
  assert(asked?.kind === "asked");
  assert.equal(a.receive(asked.answer, STRANGER, 4)?.kind, "answered", "who has heard it can");
});

Deno.test("no probe with a changed bit, and nothing else, is read", () => {
  const sender = probeSender(SECRET, A);
  const content = { kind: "answer", number: 3n, nonce: 2n ** 64n - 1n, seen: AT_B } as const;
  const probe = writeProbe(content, sender);
  assert.deepEqual(readProbe(probe, sender), content);
  for (let bit = 0; bit < 8 * probe.length; bit++) {
    const altered = probe.slice();
    altered[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(readProbe(altered, sender), undefined, `bit ${bit}`);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(readProbe(bytes, sender), undefined);
    assert.equal(isProbe(bytes), false);
  }));
});

Deno.test("a sender that knows the secret and writes nonsense is not believed", () => {
  const sender = probeSender(SECRET, A);
  const { b } = sessions();
  const noEnd = writeProbe({ kind: "answer", number: 0n, nonce: 0n, seen: undefined }, sender);
  b.ask(AT_A, 0);
  assert.equal(b.receive(noEnd, AT_A, 1), undefined);
});

Deno.test("a peer's questions are answered within a rate", () => {
  const { a, b } = sessions();
  let answers = 0;
  for (let at = 0; at < 10 * ANSWER_RATE.burst; at++) {
    if (b.receive(a.ask(AT_B, 0), AT_A, 0) !== undefined) answers += 1;
  }
  assert.equal(answers, ANSWER_RATE.burst);
  assert.notEqual(b.receive(a.ask(AT_B, 0), AT_A, 1_000), undefined);
});

Deno.test("numbers pass once, also out of order, and not when they are old", () => {
  const number = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat());
  fc.assert(fc.property(fc.array(number), (numbers) => {
    const window = new ReplayWindow();
    const passed = new Set<number>();
    let highest = -1;
    for (const one of numbers) {
      const isNew = !passed.has(one) && one > highest - 64;
      assert.equal(window.take(BigInt(one)), isNew);
      passed.add(one);
      highest = Math.max(highest, one);
    }
  }));
  assert.equal(new ReplayWindow().take(2n ** 64n - 1n), true);
});

Deno.test("nothing is asked that is meant for many, for nobody, for this machine or for a service", () => {
  const table: [ip: string, port: number, may: boolean][] = [
    ["192.168.1.2", 45_000, true],
    ["203.0.113.9", 1_024, true],
    ["100.64.0.1", 65_535, true],
    ["2001:db8::1", 45_000, true],
    ["fd00::1", 45_000, true],
    ["127.0.0.1", 45_000, false],
    ["127.9.9.9", 45_000, false],
    ["0.0.0.0", 45_000, false],
    ["0.1.2.3", 45_000, false],
    ["169.254.1.1", 45_000, false],
    ["224.0.0.251", 45_000, false],
    ["239.1.2.3", 45_000, false],
    ["240.0.0.1", 45_000, false],
    ["255.255.255.255", 45_000, false],
    ["::", 45_000, false],
    ["::1", 45_000, false],
    ["::ffff:127.0.0.1", 45_000, false],
    ["::ffff:224.0.0.1", 45_000, false],
    ["ff02::fb", 45_000, false],
    ["fe80::1", 45_000, false],
    ["203.0.113.9", 53, false],
    ["203.0.113.9", 0, false],
    ["203.0.113.9", 70_000, false],
    ["203.0.113.9", 4_000.5, false],
  ];
  for (const [ip, port, may] of table) {
    assert.equal(mayBeAsked({ ip, port, key: "" }), may, `${ip} ${port}`);
  }
});

Deno.test("the address of all machines of a network is one of its own networks only", () => {
  const interfaces = [
    { name: "lo", address: "127.0.0.1", netmask: "255.0.0.0" },
    { name: "eth0", address: "192.168.1.2", netmask: "255.255.255.0" },
    { name: "eth0", address: "2001:db8::5", netmask: "ffff:ffff:ffff:ffff::" },
    { name: "eth1", address: "10.7.9.1", netmask: "255.255.252.0" },
    { name: "wg0", address: "10.0.0.1", netmask: "255.255.255.254" },
    { name: "tun0", address: "10.0.1.1", netmask: "255.255.255.255" },
    { name: "old0", address: "10.0.2.1" },
  ];
  const table: Record<string, boolean> = {
    "192.168.1.255": true,
    "192.168.1.0": true,
    "::ffff:192.168.1.255": true,
    "192.168.1.77": false,
    "192.168.2.255": false,
    "10.7.11.255": true,
    "10.7.8.0": true,
    "10.7.9.255": false,
    "10.0.0.1": false,
    "10.0.0.0": false,
    "10.0.1.1": false,
    "10.0.2.255": false,
    "2001:db8::": false,
    "no address": false,
  };
  for (const [ip, isAll] of Object.entries(table)) {
    assert.equal(isForAll(ip, interfaces), isAll, ip);
  }
});

Deno.test("members that name a stranger's addresses make a node ask no more than its budget", () => {
  const budget = new AskBudget();
  const members = Array.from({ length: 20 }, () => peerIdOf(SigningKey.generate().publicKey));
  let sent = 0;
  for (let now = 0; now < 60_000; now += 100) {
    for (const member of members) {
      if (budget.allows(member, udpEnd("192.0.2.66", 2_000 + now % 4), now)) sent += 1;
    }
  }
  assert(sent <= SITE_ASK_RATE.burst + SITE_ASK_RATE.perMinute, `${sent} to one address`);
  let elsewhere = 0;
  const [member] = members;
  for (let at = 0; at < 1_000; at++) {
    if (budget.allows(member!, udpEnd(`192.0.${at % 200}.1`, 2_000), 120_000)) elsewhere += 1;
  }
  assert(elsewhere <= PEER_ASK_RATE.burst, `${elsewhere} for one peer`);
});

Deno.test("a stranger's budget is not forgotten because members name many others", () => {
  const budget = new AskBudget();
  const members = Array.from({ length: 200 }, () => peerIdOf(SigningKey.generate().publicKey));
  const stranger = udpEnd("192.0.2.66", 2_000);
  let sent = 0;
  for (const [at, now] of [0, 3_000].entries()) {
    for (const member of members) if (budget.allows(member, stranger, now)) sent += 1;
    for (const [first, member] of members.entries()) {
      for (let last = 0; last < PEER_ASK_RATE.burst - 1; last++) {
        budget.allows(member, udpEnd(`10.${at}.${first}.${last}`, 2_000), now);
      }
    }
  }
  assert(sent >= SITE_ASK_RATE.burst && sent <= SITE_ASK_RATE.burst + 3, `${sent} to one address`);
});

Deno.test("a node names its interfaces and what its router shows, in bounds", () => {
  const observed = [udpEnd("203.0.113.11", 20_000)];
  const mapped = [udpEnd("203.0.113.11", 47_001)];
  const interfaces = [
    { name: "lo", address: "127.0.0.1" },
    { name: "docker0", address: "172.17.0.1" },
    { name: "eth0", address: "192.168.1.2" },
    { name: "eth0", address: "fe80::1" },
    { name: "eth0", address: "2001:db8::5" },
  ];
  const named = ownCandidates({ self: A, interfaces, port: 45_001, mapped, observed });
  assert.deepEqual(named.map(({ key }) => key), [
    "192.168.1.2:45001",
    "[2001:db8::5]:45001",
    "203.0.113.11:47001",
    "203.0.113.11:20000",
  ]);
  const many = Array.from({ length: 60 }, (_, at) => ({ name: "eth0", address: `10.0.0.${at}` }));
  const all = ownCandidates({ self: A, interfaces: many, port: 45_001, mapped, observed });
  assert.equal(all.length, MAX_CANDIDATES);
  assert.deepEqual(all.slice(-2), [...mapped, ...observed]);
  const nowhere = ownCandidates({
    self: A,
    interfaces: [interfaces[0]!],
    port: 45_001,
    mapped: [],
    observed: [],
  });
  assert.deepEqual(nowhere, []);
});
