import type { Logger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { decide } from "../../../src/node/plan/decide.ts";
import { idleJob } from "../../../src/node/serving/job.ts";
import { modelNameOf, type Plan } from "../../../src/node/plan/plan.ts";
import { idleReason } from "../../../src/node/plan/reasons.ts";
import { logPlan, PlanLog } from "../../../src/node/serving/plan_log.ts";
import type { View } from "../../../src/node/plan/view.ts";
import { BIG, instance, member, type MemberOptions, planOf, SMALL, view } from "../members.ts";

type Fields = Readonly<Record<string, unknown>>;

const STANDBY: Plan = { kind: "standby" };
const both: MemberOptions = { holds: [BIG, SMALL] };
const wantsSmall = member("a", 500, { ...both, targets: [BIG], wanted: ["big", "small"] });

/** The log as its reader finds it, sentence by sentence. */
function said(seen: View, before: Plan): { text: string; fields: Fields }[] {
  const pinned = seen.self.assignable ? [] : seen.self.targets;
  const options = { pinned, catalog: [], mayCool: () => true, rested: new Set<string>() };
  const decision = decide(seen, options);
  const plan = planOf(decision);
  const reason = idleReason(decision.cooled.length > 0);
  const work = decision.works[0] ?? { plan, reason, pinned: !seen.self.assignable };
  const lines: { text: string; fields: Fields }[] = [];
  const write = (template: string, fields: Fields) => {
    const text = template.replace(/\{(\w+)\}/g, (_, name) => String(fields[name]));
    lines.push({ text, fields });
  };
  const logger = { info: write, warn: write } as unknown as Logger;
  const left = modelNameOf(before);
  const instead = left === modelNameOf(plan) ? null : left;
  logPlan(logger, {
    work,
    instead,
    job: idleJob(plan, null),
    view: seen,
    idOf: ({ name }) => name,
  });
  return lines;
}

const ROWS: readonly (readonly [View, before: Plan, sentences: readonly string[]])[] = [
  [
    view(member("a", 500, { ...both, targets: [BIG] }), []),
    STANDBY,
    ["Loading big on this machine: its user wants it"],
  ],
  [view(member("a", 500, both), []), STANDBY, [
    "Free for any model: nothing that this node could do is missing",
  ]],
  [view(member("b", 500, both), [wantsSmall]), STANDBY, [
    "Loading small on this machine: it is wanted and nobody serves it",
  ]],
  [
    view(
      member("c", 500, { ...both, instances: [instance(BIG, "warm")] }),
      [{ ...wantsSmall, instances: [instance(BIG, "warm")] }],
    ),
    { kind: "solo", model: BIG, needBytes: 100 },
    ["Loading small on this machine instead of big: it is wanted and nobody serves it"],
  ],
  [
    view(member("b", 60, { ...both, targets: [BIG], tensorSplit: [1, 1, 1] }), [
      member("a", 50, { targets: [BIG], instances: [instance(BIG, "waiting")] }),
    ]),
    STANDBY,
    [
      "Loading big together with one other machine: its user wants it, and it is too large for one machine",
      "--tensor-split 1,1,1 does not count for big: it names 3 machines, and 2 share the model",
    ],
  ],
  [
    view(member("b", 60, { ...both, targets: [BIG] }), []),
    STANDBY,
    [
      "Waiting with big: its user wants it, and it is too large for the machines that are here",
      "big waits for memory: it needs 100 bytes, 60 are here",
    ],
  ],
  [
    view(
      member("c", 500, {
        ...both,
        instances: [instance(SMALL, "warm")],
        claims: [{ model: "small", reason: "hot" }],
      }),
      [member("a", 500, { ...both, targets: [SMALL], instances: [instance(SMALL, "warm")] })],
    ),
    { kind: "solo", model: SMALL, needBytes: 10 },
    ["Free for any model instead of small: the other instances can answer what is still asked of it"],
  ],
  [
    view(
      member("b", 60, {
        ...both,
        targets: [SMALL],
        assignable: true,
        instances: [instance(SMALL, "warm")],
      }),
      [member("a", 50, { targets: [SMALL], split: true })],
    ),
    { kind: "solo", model: SMALL, needBytes: 10 },
    ["Loading small together with one other machine: --split shares it"],
  ],
];

for (const [seen, before, sentences] of ROWS) {
  Deno.test(`the log says: ${sentences[0]}`, () => {
    const lines = said(seen, before);
    assert.deepEqual(lines.map(({ text }) => text), sentences);
    assert.equal(lines[0]?.fields.event, "plan");
    assert.equal(lines[0]?.fields.automatic, seen.self.assignable);
  });
}

Deno.test("the log tells of each model by itself whether its user has asked for it", () => {
  const seen = view(member("a", 500, { ...both, targets: [BIG] }), []);
  const told: unknown[] = [];
  const logger = {
    info: (_: string, fields: Fields) => told.push(fields.automatic),
  } as unknown as Logger;
  for (const [model, pinned] of [[BIG, true], [SMALL, false]] as const) {
    const plan: Plan = { kind: "solo", model, needBytes: 10 };
    const work = { plan, reason: "", pinned };
    logPlan(logger, {
      work,
      instead: null,
      job: idleJob(plan, null),
      view: seen,
      idOf: ({ name }) => name,
    });
  }
  assert.deepEqual(told, [false, true]);
});

Deno.test("a model that a node gives up is told of once, however often its end is looked at", () => {
  const seen = view(member("a", 500, { ...both, dropped: ["small"] }), []);
  const told: unknown[] = [];
  const logger = {
    info: (_: string, { event, model }: Fields) => told.push(`${event} ${model}`),
  } as unknown as Logger;
  const log = new PlanLog(logger, ({ name }) => name);
  for (let looks = 0; looks < 2; looks++) {
    log.left({ kind: "solo", model: SMALL, needBytes: 10 }, []);
  }
  log.settled({ isFree: false, view: seen });
  log.settled({ isFree: false, view: seen });
  assert.deepEqual(told, ["unloaded small"]);
});
