import "../leak_guard.ts";
import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { Counters } from "../../../src/mesh/base/counters.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { makeLaneCertificate, pemOf } from "../../../src/mesh/lane/certificate.ts";
import {
  GREETING_MS,
  MAX_SECRETS_A_PEER,
  MAX_UNPROVEN,
  SECRET_LIFE_MS,
} from "../../../src/mesh/lane/defaults.ts";
import { FRAME, frame } from "../../../src/mesh/lane/frames.ts";
import { LaneListener } from "../../../src/mesh/lane/lane_listener.ts";
import {
  askForLane,
  encodeGreeting,
  LANE_PROTOCOL,
  type LaneOffer,
} from "../../../src/mesh/lane/lane_wire.ts";
import { SecretBook } from "../../../src/mesh/lane/secret_book.ts";
import { HandClock } from "../hand_clock.ts";
import { readBytes } from "../quic/bytes.ts";
import { freePort } from "./free_port.ts";
import { LanePair } from "./lane_pair.ts";

const STRANGERS = 1_000;

/** An offer that a member got; it lasts as long as the stream that it came by. */
async function offerOf({ connection }: LanePair): Promise<LaneOffer> {
  const stream = await connection.openStream(LANE_PROTOCOL, new AbortController().signal);
  return await askForLane(stream) ?? assert.fail("no offer");
}

async function connect({ port, name, certificate }: LaneOffer): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  return await Deno.startTls(tcp, { hostname: name, caCerts: [pemOf(certificate)] });
}

/** The first byte that comes, which is a frame's kind; `null` for none. */
async function answerTo(offer: LaneOffer, greeting: Uint8Array): Promise<number | null> {
  const connection = await connect(offer);
  try {
    await connection.write(greeting);
    const answer = new Uint8Array(1);
    return await connection.read(answer).catch(() => null) === null ? null : answer[0]!;
  } finally {
    connection.close();
  }
}

Deno.test("without the right secret nobody is told anything; each is closed and counted", async () => {
  await using pair = await LanePair.start();
  const offer = await offerOf(pair);
  const { self } = pair.near;
  const guessed = encodeGreeting(crypto.getRandomValues(new Uint8Array(32)), self);
  const other = encodeGreeting(offer.secret, pair.far.self);
  const strange = [
    frame(FRAME.greet, guessed),
    frame(FRAME.greet, other),
    // Another peer has shown it, so it is used up.
    frame(FRAME.greet, encodeGreeting(offer.secret, self)),
    frame(FRAME.greet),
    frame(FRAME.open, new TextEncoder().encode("/mesh-llm/rpc/1")),
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
  ];
  for (const greeting of strange) assert.equal(await answerTo(offer, greeting), null);
  assert.equal(pair.far.counters.snapshot().lanesRefused, strange.length);
});

Deno.test("a secret counts once", async () => {
  await using pair = await LanePair.start();
  const offer = await offerOf(pair);
  const greeting = frame(FRAME.greet, encodeGreeting(offer.secret, pair.near.self));
  assert.equal(await answerTo(offer, greeting), FRAME.agree);
  assert.equal(await answerTo(offer, greeting), null);
  assert.equal(pair.far.counters.snapshot().lanesRefused, 1);
});

Deno.test("secrets grow old, those that a peer leaves lying give way, and they are one peer's", async () => {
  const clock = new HandClock();
  const book = new SecretBook<string>(clock);
  const [peer, other] = ["one", "other"] as PeerId[];
  const secrets = Array.from(
    { length: MAX_SECRETS_A_PEER + 1 },
    (_, index) => book.give(peer!, `${index}`),
  );
  assert.equal(book.size, MAX_SECRETS_A_PEER);
  assert.equal(book.take(secrets[0]!, peer!), undefined);
  assert.equal(book.take(secrets[1]!, other!), undefined);
  assert.equal(book.take(secrets[2]!, peer!), "2");
  assert.equal(book.take(secrets[2]!, peer!), undefined);
  await clock.pass(SECRET_LIFE_MS);
  assert.equal(book.take(secrets[3]!, peer!), undefined);
  assert.equal(book.size, 0);
});

Deno.test("who is slow is closed, in the midst of the handshake and after it", async () => {
  const clock = new HandClock();
  const counters = new Counters();
  const certificate = makeLaneCertificate(Date.now());
  const port = freePort();
  const listener = LaneListener.open({
    port,
    certificate,
    clock,
    counters,
    logger: getLogger("test"),
    greeted: () => assert.fail("nobody greets"),
  });
  const silent = await Deno.connect({ hostname: "127.0.0.1", port });
  const offer = { port, name: certificate.name, certificate: certificate.der };
  const shaken = await connect({ ...offer, secret: new Uint8Array(32) });
  await shaken.handshake();
  await shaken.write(frame(FRAME.greet).subarray(0, 2));
  while (listener.unproven < 2) await turn();
  await turn();
  await clock.pass(GREETING_MS);
  assert.equal(await silent.read(new Uint8Array(1)), null);
  assert.equal(await shaken.read(new Uint8Array(1)).catch(() => null), null);
  while (listener.unproven > 0) await turn();
  assert.equal(counters.snapshot().lanesSilent, 2);
  silent.close();
  shaken.close();
  listener.stop();
});

Deno.test("a thousand at once hold a few places, and none for a member", async () => {
  await using pair = await LanePair.start();
  const before = descriptors();
  const strangers: Deno.Conn[] = [];
  for (let count = 0; count < STRANGERS; count++) {
    strangers.push(await Deno.connect({ hostname: "127.0.0.1", port: pair.far.port }));
  }
  const crowdedOut = () => pair.far.counters.snapshot().lanesCrowdedOut;
  while (crowdedOut() < STRANGERS - MAX_UNPROVEN) await turn();
  while (descriptors() - before > STRANGERS + MAX_UNPROVEN + 8) await turn();

  const [near, far] = await pair.stream();
  await near.write(Uint8Array.of(1, 2));
  assert.deepEqual(await readBytes(far, 2), Uint8Array.of(1, 2));
  near.reset(new Error("Enough"));
  far.reset(new Error("Enough"));
  for (const stranger of strangers) stranger.close();
});

/** Of this process, where the system tells them. */
function descriptors(): number {
  return Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : 0;
}

/** Lets what is under way go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
