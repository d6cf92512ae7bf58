import assert from "node:assert/strict";
import fc from "fast-check";
import type { RelayPlace } from "../../../src/mesh/base/announcement.ts";
import { CLAIM_LIFE_MS, MAX_OPEN_CLAIMS, MAX_RELAYS } from "../../../src/mesh/base/defaults.ts";
import { InvalidTokenError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerId } from "../../../src/mesh/mod.ts";
import { CLAIM_SECRET_BYTES, encodeClaim, parseClaim } from "../../../src/mesh/relay/claim.ts";
import { ClaimBook } from "../../../src/mesh/relay/claim_book.ts";
import { knownRelays, withReached } from "../../../src/mesh/relay/known_relays.ts";
import { removeFolder } from "../../support/remove_folder.ts";

const peer = peerIdOf(SigningKey.generate().publicKey);
const at = (ip: string, port = 47_001) => `/ip4/${ip}/udp/${port}/quic-v1/p2p/${peer}`;
const claim = {
  peer,
  addresses: [at("203.0.113.7"), `/ip6/2001:db8::7/udp/47001/quic-v1/p2p/${peer}`],
  secret: new Uint8Array(CLAIM_SECRET_BYTES).fill(7),
};

Deno.test("a claim gives back its address, key and secret, whatever was copied with it", () => {
  const text = encodeClaim(claim);
  assert.match(text, /^relay1_[\w-]{80,200}$/);
  for (const pasted of [text, ` "${text}"\n`, `${text.slice(0, 40)}\n${text.slice(40)}.`]) {
    assert.deepEqual(parseClaim(pasted), claim);
  }
});

Deno.test("what is no claim, or an altered one, is refused with a sentence", () => {
  const text = encodeClaim(claim);
  assert.throws(
    () => parseClaim("mesh1_abc"),
    /This is not a claim of a relay: one starts with relay1_/,
  );
  assert.throws(() => parseClaim(`relay1_${"a".repeat(3_000)}`), /too long/);
  assert.throws(() => parseClaim(encodeClaim({ ...claim, addresses: [] })), /malformed/);
  fc.assert(fc.property(fc.nat(text.length - 1), fc.constantFrom("A", "B"), (place, letter) => {
    const altered = text.slice(0, place) + letter + text.slice(place + 1);
    if (altered !== text) assert.throws(() => parseClaim(altered), InvalidTokenError);
    assert.throws(() => parseClaim(text.slice(0, place)), InvalidTokenError);
  }));
});

Deno.test("a claim is used once, by one of those who try at a time, and too old after a week", async () => {
  const folder = await Deno.makeTempDir({ prefix: "claims-" });
  try {
    const book = new ClaimBook(folder);
    const secret = await book.make(0);
    assert.equal(await new ClaimBook(folder).stateOf(secret, CLAIM_LIFE_MS - 1), "open");
    assert.equal(await book.stateOf(secret, CLAIM_LIFE_MS), "expired");
    const taken = await Promise.all(Array.from({ length: 8 }, () => book.take(secret)));
    assert.equal(taken.filter(Boolean).length, 1);
    assert.equal(await book.stateOf(secret, 1), "used");
    await book.giveBack(secret);
    assert.equal(await book.stateOf(secret, 1), "open");
    assert.equal(await book.stateOf(new Uint8Array(CLAIM_SECRET_BYTES), 1), "unknown");
    await book.make(3 * CLAIM_LIFE_MS);
    assert.equal(await book.openCount(3 * CLAIM_LIFE_MS), 1);
    assert.equal(await book.openCount(4 * CLAIM_LIFE_MS), 0);
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("a relay that nobody claims starts as often as it likes, and its newest claims count", async () => {
  const folder = await Deno.makeTempDir({ prefix: "claims-" });
  try {
    const book = new ClaimBook(folder);
    const secrets: Uint8Array[] = [];
    for (let now = 0; now < 2 * MAX_OPEN_CLAIMS; now++) secrets.push(await book.make(now));
    const now = 2 * MAX_OPEN_CLAIMS;
    assert.equal(await book.openCount(now), MAX_OPEN_CLAIMS);
    const states = await Promise.all(secrets.map((secret) => book.stateOf(secret, now)));
    const [older, newer] = [states.slice(0, MAX_OPEN_CLAIMS), states.slice(MAX_OPEN_CLAIMS)];
    assert.ok(older.every((state) => state === "unknown"));
    assert.ok(newer.every((state) => state === "open"));
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("of a relay that moves the newest address comes first, and none is dialled without end", () => {
  let kept: readonly RelayPlace[] = [];
  for (const ip of ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.2"]) {
    kept = withReached(kept, { peer, address: at(ip), told: [] });
  }
  const newest = ["10.0.0.2", "10.0.0.5", "10.0.0.4", "10.0.0.3"].map((ip) => at(ip));
  assert.deepEqual(kept, [{ peer, addresses: newest }]);
  assert.equal(withReached(kept, { peer, address: null, told: [] })[0]?.addresses.length, 4);
  assert.deepEqual(withReached([], { peer, address: null, told: [] }), []);
  const told = Array.from({ length: 50 }, (_, i) => ({
    peer: `other ${i}` as PeerId,
    addresses: [at("10.0.1.1", i + 1)],
  }));
  const known = knownRelays(kept, [...told, { peer, addresses: [at("10.9.9.9")] }]);
  assert.equal(known.size, MAX_RELAYS);
  assert.deepEqual(known.get(peer), [...newest, at("10.9.9.9")]);
});
