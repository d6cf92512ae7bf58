/** A machine asks at the door of a real member, over QUIC on 127.0.0.1. */

import "../leak_guard.ts";
import assert from "node:assert/strict";
import { z } from "zod";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { CONNECT_RATE } from "../../../src/mesh/base/rate_defaults.ts";
import { MessageStream } from "../../../src/mesh/base/messages.ts";
import type { LanMesh, Mesh } from "../../../src/mesh/mod.ts";
import {
  PAIRING_LIFE_MS,
  PAIRING_SOURCE_RATE,
  PAIRING_STEP_MS,
  PAIRING_TRIES,
} from "../../../src/mesh/pairing/defaults.ts";
import { commitmentSchema } from "../../../src/mesh/pairing/messages.ts";
import { ManualClock } from "../manual_clock.ts";
import { nextEvent, TestMeshes, until } from "../test_mesh.ts";
import { heard, member, placeOf, RawGuest, visit } from "./visits.ts";

const NONCE = new Uint8Array(32);
const ANSWER = { role: "member", mayInvite: false } as const;
const visitorOf = (mesh: Mesh) => mesh.pairing.state().visitor;
const asked = (mesh: Mesh) => until(mesh, () => visitorOf(mesh) !== null);
const alone = (mesh: Mesh) => until(mesh, () => visitorOf(mesh) === null);
/** One that no honest machine shows. */
const wrongFor = (code: string) => code === "000-000" ? "000-001" : "000-000";

Deno.test("a machine whose code is typed gets an invite of its own, and joins by it", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const { token, code } = visit(heard(studio), "mini\u202e<b>\x1b[31m");
  await asked(studio);
  const { name, address, triesLeft, sinceMs, endsMs } = visitorOf(studio)!;
  assert.deepEqual([name, address, triesLeft], ["minib[31m", "127.0.0.1", PAIRING_TRIES]);
  assert.ok(endsMs > sinceMs);
  assert.ok(!JSON.stringify(studio.pairing.state()).includes((await code).replace("-", "")));
  const answer = { ...ANSWER, code: await code, role: "client", name: "Ann" } as const;
  assert.deepEqual(await studio.pairing.accept(answer), { name, role: "client" });
  assert.equal(visitorOf(studio), null);
  const [invite] = studio.invites();
  assert.deepEqual([invite?.name, invite?.role, invite?.mayInvite], ["Ann", "client", false]);
  const mini = await meshes.start("mini", { token: await token, role: "client" });
  await until(mini, () => mini.routes().nodes.length === 1);
  assert.equal(mini.meshId, studio.meshId);
  await assert.rejects(studio.pairing.accept(answer), /No machine asks/);
});

Deno.test("a wrong code counts, the third one ends the request, and its machine has to wait", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const mesh = heard(studio);
  const { token, code } = visit(mesh);
  const wrong = wrongFor(await code);
  await asked(studio);
  for (let left = PAIRING_TRIES - 1; left >= 0; left--) {
    const typed = studio.pairing.accept({ ...ANSWER, code: wrong });
    await assert.rejects(typed, { why: "wrong-code", triesLeft: left });
  }
  await assert.rejects(token, /wrong three times/);
  await assert.rejects(studio.pairing.accept({ ...ANSWER, code: await code }), {
    why: "no-request",
  });
  await assert.rejects(visit(mesh).token, /asked too often, or was refused/);
  assert.equal(studio.invites().length, 0);
});

Deno.test("who is refused is told so, and who hangs up is gone", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const first = visit(heard(studio));
  await asked(studio);
  first.leave(new Error("Its person has changed their mind"));
  await assert.rejects(first.token, /changed their mind/);
  await alone(studio);
  const second = visit(heard(studio));
  await asked(studio);
  assert.throws(() => studio.pairing.refuse("another"), { why: "no-request" });
  studio.pairing.refuse(visitorOf(studio)!.id);
  await assert.rejects(second.token, /refused there/);
  assert.throws(() => studio.pairing.refuse(), { why: "no-request" });
});

Deno.test("a member that may not add others sends a machine on to one that may", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const token = await studio.invite({ role: "member", mayInvite: false });
  const tower = await member(meshes, "tower", { token });
  await until(tower, () => tower.members().length === 1);
  assert.equal(tower.pairing.state().mayAccept, false);
  await assert.rejects(tower.pairing.accept({ ...ANSWER, code: "000000" }), {
    why: "may-not-invite",
  });
  await assert.rejects(visit(heard(tower)).token, /None of the machines .* may add others/);
  const guest = visit(heard(tower, studio));
  await asked(studio);
  await studio.pairing.accept({ ...ANSWER, code: await guest.code });
  assert.match(await guest.token, /^mesh1_/);
});

Deno.test("one asks at a time, and an invite of another mesh than the one that was asked is none", async () => {
  await using meshes = new TestMeshes();
  const [studio, office] = [await member(meshes, "studio"), await member(meshes, "office")];
  const first = visit(heard(studio), "first");
  await asked(studio);
  await assert.rejects(visit(heard(studio), "second").token, /Another machine is being let in/);
  await studio.pairing.accept({ ...ANSWER, code: await first.code });
  await first.token;
  const misled = visit({ ...heard(office), addresses: [placeOf(studio)] });
  await asked(studio);
  await studio.pairing.accept({ ...ANSWER, code: await misled.code });
  await assert.rejects(misled.token, /no invite of office's mesh/);
});

Deno.test("an invite that can't be handed over is revoked", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const { code, token } = visit(heard(studio));
  token.catch(() => {});
  await asked(studio);
  const accepted = studio.pairing.accept({ ...ANSWER, code: await code });
  // All that this node still has to say comes after the end of its network.
  const stopped = studio.stop();
  await assert.rejects(accepted, { why: "no-request" });
  await stopped;
  assert.deepEqual(studio.invites().map(({ state }) => state), ["revoked"]);
});

Deno.test("a thousand that ask at once: one is shown, the rest costs little, and a machine elsewhere is let in meanwhile", async () => {
  await using meshes = new TestMeshes();
  // However long that takes here, all of them come within one moment of the member's.
  const clock = { ...systemClock, elapsed: () => 0 };
  const studio = await member(meshes, "studio", { clock });
  const shown = new Set<string>();
  studio.subscribe(({ type }) => {
    const { name, id } = (type === "pairing" ? visitorOf(studio) : null) ?? {};
    if (name === "flood") shown.add(id ?? "");
  });
  const guests = Array.from({ length: 50 }, () => new RawGuest());
  const visits = Number(Deno.env.get("MESH_LLM_VISITS") ?? 1_000) / guests.length;
  let isOver = false;
  const flood = Promise.all(guests.map(async (guest) => {
    for (let i = 0; i < visits || !isOver; i++) {
      await flooding(guest, studio).catch(() => undefined);
    }
    await guest[Symbol.asyncDispose]();
  }));
  const refused = () => studio.counters().pairingsRefused;
  // By then the flood has asked as often as it may.
  while (refused() < guests.length) await new Promise((resolve) => setTimeout(resolve, 10));
  const honest = await letThrough(heard(studio)).finally(() => isOver = true);
  await studio.pairing.accept({ ...ANSWER, code: await honest.code });
  assert.match(await honest.token, /^mesh1_/);
  await flood;
  await alone(studio);
  assert.ok(shown.size <= PAIRING_SOURCE_RATE.burst, `${shown.size} were shown`);
  assert.deepEqual(studio.invites().map(({ name }) => name), ["mini"]);
  const { connectionsLimited } = studio.counters();
  assert.ok(connectionsLimited >= visits * guests.length - CONNECT_RATE.burst);
});

/** Asks, and hangs up as soon as it is shown. */
async function flooding(guest: RawGuest, studio: Mesh): Promise<void> {
  const { stream, connection } = await guest.open(studio, "ip6/::1");
  try {
    const messages = new MessageStream(stream, 16_384);
    await messages.write({ name: "flood" });
    const { ok } = await messages.expect(commitmentSchema, "commitment");
    if (!ok) return;
    await messages.write({ nonce: NONCE });
    await messages.read(z.unknown(), "other nonce");
  } finally {
    connection.abort(new Error("Done"));
  }
}

/** A person asks again where no machine has answered in time. */
async function letThrough(mesh: LanMesh) {
  for (let attempt = 1;; attempt++) {
    const visited = visit(mesh);
    try {
      await visited.code;
      return visited;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

for (
  const [what, limitMs, words] of [
    ["nothing", PAIRING_STEP_MS, []],
    ["its name", PAIRING_STEP_MS, [{ name: "mini" }]],
    ["all, and nobody types its code", PAIRING_LIFE_MS, [{ name: "mini" }, { nonce: NONCE }]],
  ] as const
) {
  Deno.test(`a partner that is silent after it has said ${what} is gone after its time`, async () => {
    await using meshes = new TestMeshes();
    const clock = new ManualClock();
    const studio = await member(meshes, "studio", { clock });
    await using guest = new RawGuest();
    const { stream } = await guest.open(studio);
    const messages = new MessageStream(stream, 16_384);
    for (const word of words) {
      await messages.write(word);
      await messages.read(z.unknown(), "answer");
    }
    if (words.length === 2) await asked(studio);
    let isOver = false;
    const over = (async () => {
      while (await stream.read() !== null);
    })().catch(() => {}).finally(() => isOver = true);
    clock.turnForward(limitMs - 1_000);
    assert.equal(visitorOf(studio) !== null, words.length === 2);
    while (!isOver) {
      clock.turnForward(1_000);
      await new Promise((resolve) => setTimeout(resolve));
    }
    await over;
    await alone(studio);
    const next = visit(heard(studio));
    await next.code;
    next.leave(new Error("Done"));
    await assert.rejects(next.token);
  });
}

Deno.test("garbage, and a partner that says too much, end by themselves", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const nonce = NONCE;
  const talks: ((messages: MessageStream, write: (bytes: Uint8Array) => Promise<void>) => Promise<
    unknown
  >)[] = [
    (_, write) => write(crypto.getRandomValues(new Uint8Array(5_000))),
    (_, write) => write(new Uint8Array([255, 255, 255, 255])),
    (messages) => messages.write({ name: 7 }),
    (messages) => messages.write({ name: "mini" }).then(() => messages.write({ nonce: "x" })),
    (messages) =>
      messages.write({ name: "mini" }).then(() => messages.write({ nonce }))
        .then(() => messages.write({ nonce })),
  ];
  for (const talk of talks) {
    await using guest = new RawGuest();
    const { stream } = await guest.open(studio);
    await talk(new MessageStream(stream, 16_384), (bytes) => stream.write(bytes));
    // Until the member has cut it off.
    await assert.rejects(async () => {
      while (await stream.read() !== null);
      throw new Error("It was told the end");
    });
    await alone(studio);
  }
});

Deno.test("a member that stops lets its visitor go", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  const { token } = visit(heard(studio));
  const ended = assert.rejects(token, /No machine of studio's mesh answers/);
  await nextEvent(studio, () => visitorOf(studio) !== null);
  await studio.stop();
  await ended;
});
