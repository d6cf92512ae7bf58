/**
 * Removals in meshes of random trees of inviters, of which halves lose sight of each other. MESH_LLM_FUZZ_RUNS: runs of
 * the property.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { type Grant, type Link, linksOf } from "../../../src/mesh/trust/capability.ts";
import {
  acceptInvite,
  checkCredential,
  type Credential,
  foundCredential,
  type Invite,
} from "../../../src/mesh/trust/credential.ts";
import {
  followUps,
  type Guest,
  guestOf,
  planRemoval,
  standsAbove,
} from "../../../src/mesh/trust/removal.ts";
import { judgeRenewal, renewMembership, sameRights } from "../../../src/mesh/trust/renewal.ts";
import { type Revocation, signRevocation } from "../../../src/mesh/trust/revocation.ts";
import type { MemberRole } from "../../../src/mesh/mod.ts";
import { RevocationList } from "../../../src/mesh/trust/revocation_list.ts";
import { canInvite, makeInvite } from "../../../src/mesh/trust/token.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 60);
const NOW = 1_800_000_000_000;
const ROOT = SigningKey.generate();
const MESH_KEY = ROOT.publicKey;

/** One machine, and everything that its owner could try to come back with. */
class Machine {
  readonly list = new RevocationList(MESH_KEY);
  readonly book = new Map<string, Guest>();
  readonly held: Credential[] = [];
  readonly tokens: Invite[] = [];
  half = 0;
  /** Lost: away when its inviter was removed. */
  state: "in" | "removed" | "lost" = "in";
  readonly removedBy: Machine[] = [];

  constructor(readonly key: SigningKey, public credential: Credential, readonly granted: Grant) {
    this.held.push(credential);
  }

  get id() {
    return peerIdOf(this.key.publicKey);
  }

  get links(): readonly Link[] {
    return linksOf(this.credential.chain);
  }

  get isRoot(): boolean {
    return this.credential.chain.length === 1;
  }

  isRevoked = (links: readonly Pick<Link, "id" | "subject">[]) =>
    this.list.find(links) !== undefined;

  mayRemove(links: readonly Link[]): boolean {
    return links.length >= 3 && this.credential.grant.mayInvite &&
      (this.isRoot || standsAbove(this.key.publicKey, links));
  }

  say(invite: { readonly id: string; readonly expiresAt: number | null }): void {
    const { key, credential } = this;
    const word = signRevocation(
      invite,
      this.isRoot ? { root: ROOT, meshKey: MESH_KEY } : { key, credential },
    );
    this.learn(word);
  }

  learn(word: Revocation): void {
    if (this.list.add(word, NOW) !== "new") return;
    const { isRevoked } = this;
    const ended = followUps(word, this.book.values(), { meshKey: MESH_KEY, isRevoked });
    for (const invite of ended) this.say(invite);
  }

  invite(grant: Grant): Invite {
    const { credential, key: signer } = this;
    const { chain, key } = makeInvite({ credential, signer, grant, now: NOW });
    const invite = { meshKey: MESH_KEY, addresses: [], chain, key, grant };
    this.tokens.push(invite);
    return invite;
  }
}

/** All of them, and what each is owed. */
class World {
  readonly machines: Machine[];

  constructor() {
    const key = SigningKey.generate();
    const credential = foundCredential(ROOT, { publicKey: key.publicKey, name: "founder" });
    this.machines = [new Machine(key, credential, credential.grant)];
  }

  pick(index: number): Machine {
    return this.machines[index % this.machines.length] as Machine;
  }

  /** The machines that one sees: it can't know what was revoked in the other half. */
  near(one: Machine): Machine[] {
    return this.machines.filter(({ half, links }) => half === one.half && !one.isRevoked(links));
  }

  /** Everybody in a half tells everybody there what is revoked; who is connected to a guest notes it. */
  settle(): void {
    for (const one of this.machines) {
      const words = this.machines.filter(({ half }) => half === one.half)
        .flatMap(({ list }) => list.all());
      for (let before = -1; before !== one.list.all().length;) {
        before = one.list.all().length;
        for (const word of words) one.learn(word);
      }
    }
    for (const one of this.machines) {
      for (const other of this.near(one)) {
        if (other === one || !one.mayRemove(other.links)) continue;
        const known = one.book.get(other.id);
        const isSame = known?.links.at(-1)?.id === other.links.at(-1)?.id;
        if (!isSame) one.book.set(other.id, guestOf(other.id, other.links));
      }
    }
  }

  join(inviter: Machine, { role, mayInvite }: Pick<Grant, "role" | "mayInvite">, shared: boolean) {
    if (inviter.state !== "in" || !canInvite(inviter.credential)) return;
    const own = inviter.tokens.findLast(({ chain, grant }) =>
      grant.role === role && linksOf(chain).at(-2)?.id === inviter.links.at(-1)?.id &&
      !inviter.isRevoked(linksOf(chain))
    );
    const grant = { role, mayInvite, name: null, expiresAt: null };
    const invite = shared && own !== undefined ? own : inviter.invite(grant);
    const key = SigningKey.generate();
    const credential = acceptInvite(invite, { publicKey: key.publicKey, role });
    const machine = new Machine(key, credential, credential.grant);
    machine.half = inviter.half;
    machine.tokens.push(invite);
    // The invite may have ended in the other half.
    if (this.machines.some((one) => one.isRevoked(machine.links))) machine.state = "lost";
    this.machines.push(machine);
    this.settle();
  }

  remove(remover: Machine, target: Machine): void {
    if (remover.state !== "in" || remover === target) return;
    const known = [...remover.book.values()].filter(({ links }) => !remover.isRevoked(links));
    const near = new Map(this.near(remover).map((one) => [one.id, one]));
    const guests = new Map(known.map((guest) => [guest.id, guest]));
    const machine = guests.get(target.id);
    const plan = machine && planRemoval(machine, guests.values());
    if (plan === undefined) return;
    const kept = new Set<Machine>();
    for (const { id } of plan.others) {
      const other = near.get(id);
      if (other !== undefined && this.keep(remover, other, plan.invite.id)) kept.add(other);
    }
    target.state = "removed";
    target.removedBy.push(remover);
    const gone = (links: readonly Link[]) => links.some(({ id }) => id === plan.invite.id);
    for (const other of this.machines) {
      if (other.state === "in" && !kept.has(other) && gone(other.links)) other.state = "lost";
    }
    remover.say(plan.invite);
    this.settle();
  }

  keep(remover: Machine, other: Machine, ending: string): boolean {
    const { chain } = renewMembership({
      credential: remover.credential,
      signer: remover.key,
      subject: other.key.publicKey,
      grant: other.credential.grant,
      now: NOW,
    });
    const { publicKey } = other.key;
    const verdict = judgeRenewal(other.credential, chain, { publicKey, now: NOW });
    assert.ok(verdict.ok, "who is removed by its right certifies by the same");
    const former = other.links.at(-2)?.id === ending ? null : other.links;
    other.credential = verdict.credential;
    other.held.push(verdict.credential);
    remover.book.set(other.id, guestOf(other.id, other.links, { former }));
    return true;
  }
}

type Step =
  | { readonly kind: "join"; at: number; shared: boolean; mayInvite: boolean; role: MemberRole }
  | { readonly kind: "remove"; at: number; target: number }
  | { readonly kind: "part"; sides: number }
  | { readonly kind: "merge" };

const index = fc.nat(30);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("join" as const),
        at: index,
        shared: fc.boolean(),
        mayInvite: fc.nat(5).map((n) => n > 0),
        role: fc.nat(5).map((n) => n > 1 ? "member" : n === 0 ? "client" : "relay"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("remove" as const), at: index, target: index }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("part" as const), sides: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("merge" as const) }) },
  ),
  { minLength: 8, maxLength: 40 },
);

function play(world: World, step: Step): void {
  if (step.kind === "join") {
    const { role } = step;
    const mayInvite = step.mayInvite && role === "member";
    world.join(world.pick(step.at), { role, mayInvite }, step.shared);
  } else if (step.kind === "remove") {
    world.remove(world.pick(step.at), world.pick(step.target));
  } else {
    const sides = step.kind === "part" ? step.sides : 0;
    world.machines.forEach((one, at) => one.half = (sides >> (at % 31)) & 1);
    world.settle();
  }
}

/** Whether a node lets somebody in by a credential. */
function admits(node: Machine, { chain }: Credential, publicKey: Uint8Array): boolean {
  const verdict = checkCredential(chain, { meshKey: MESH_KEY, publicKey, now: NOW });
  return verdict.ok && !node.isRevoked(verdict.links);
}

/** The promises, once everybody has met everybody. */
function check(world: World): void {
  // A word of one half may bring up another one, which is told in the next round.
  for (let round = 0; round < 4; round++) play(world, { kind: "merge" });
  for (const node of world.machines.filter(({ state }) => state === "in")) {
    assert.ok(sameRights(node.credential.grant, node.granted));
    if (node.granted.role === "relay") assert.ok(!canInvite(node.credential), "a relay invites");
    for (const one of world.machines) {
      const { publicKey } = one.key;
      if (one.state === "in") assert.ok(admits(node, one.credential, publicKey), "it was kept");
      // Of a remover that is out itself nobody can tell when it said so: its word does not count.
      if (!one.removedBy.some(({ state }) => state === "in")) continue;
      assert.ok(!one.held.some((held) => admits(node, held, publicKey)), "it comes back");
      for (const invite of one.tokens) {
        const by = acceptInvite(invite, { publicKey, role: invite.grant.role });
        assert.ok(!admits(node, by, publicKey), "it comes back by a token");
      }
    }
  }
}

Deno.test("who was removed is out everywhere, who was kept stays in, and nobody has other rights than before", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const world = new World();
      for (const step of all) play(world, step);
      check(world);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("one half certifies a machine anew while the other removes it: it is out", () => {
  const world = new World();
  const join = { kind: "join", shared: false, mayInvite: true, role: "member" } as const;
  for (const at of [0, 1, 2, 2]) play(world, { ...join, at });
  const [founder, second, third, fourth, fifth] = world.machines;
  assert.ok(founder && second && third && fourth && fifth);
  play(world, { kind: "part", sides: 0b10010 });
  world.remove(founder, third);
  assert.deepEqual([fourth.state, fourth.held.length], ["in", 2]);
  assert.deepEqual([fifth.state, fifth.held.length], ["lost", 1], "it was away");
  world.remove(second, fourth);
  check(world);
  const states = world.machines.map(({ state }) => state);
  assert.deepEqual(states, ["in", "in", "removed", "removed", "lost"]);
});
