import assert from "node:assert/strict";
import type { InstanceStatus, ModelStatus } from "../../src/api/base/types.ts";
import { machines, models } from "../../console/src/lib/mesh_view.ts";
import {
  briefly,
  deviceKind,
  doing,
  memoryText,
  modelText,
  roleText,
  roomText,
  shortageText,
} from "../../console/src/lib/words.ts";
import {
  GB,
  instance,
  MINI,
  model,
  peer,
  SELF,
  status,
  type StatusParts,
  TOWER,
} from "../support/console_status.ts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

function doingOf(id: string, parts: StatusParts): string {
  const machine = machines(status(parts)).find((machine) => machine.id === id);
  assert.ok(machine);
  return plain(doing(machine));
}

function textOf(of: Partial<ModelStatus>): string {
  const peers = [peer(), peer({ id: TOWER, name: "tower" })];
  const [view] = models(status({ peers, models: [model(of)] }), {});
  assert.ok(view);
  return plain(modelText(view));
}

const split = (of: Partial<InstanceStatus> = {}) =>
  instance({ mode: "split", hostShare: 0.5, workers: [{ id: MINI, share: 0.5 }], ...of });

Deno.test("doing() says what a machine does now", () => {
  const peers = [peer({ role: "worker" })];
  const splitModels = [model({ name: "big", instances: [split()] })];
  assert.equal(doingOf(SELF, {}), "Runs guide by itself");
  assert.equal(doingOf(SELF, { peers, models: splitModels }), "Runs 50 % of big");
  assert.equal(doingOf(MINI, { peers, models: splitModels }), "Runs 50 % of big for studio");
  assert.equal(doingOf(SELF, { models: [] }), "Free to help");
  assert.equal(
    doingOf(SELF, { node: { role: "client" } }),
    "Uses the mesh and computes nothing itself",
  );
  assert.equal(
    doingOf(SELF, { node: { role: "standby", passive: true }, models: [] }),
    "Free, and joins in when the mesh needs it",
  );
});

Deno.test("doing() tells loading and waiting from running", () => {
  const inState = (state: InstanceStatus["state"]) => [
    model({ state, instances: [instance({ state })] }),
  ];
  assert.equal(doingOf(SELF, { models: inState("loading") }), "Loads guide by itself");
  assert.equal(
    doingOf(SELF, { models: inState("turn") }),
    "Ends another model first, then loads guide",
  );
  assert.equal(doingOf(SELF, { models: inState("waiting") }), "Waits for memory for guide");
});

Deno.test("briefly() names all that a machine runs, as far as there are lines", () => {
  const names = ["a", "b", "c", "d"];
  const [busy] = machines(status({ models: names.map((name) => model({ name })) }));
  assert.ok(busy);
  assert.deepEqual(briefly(busy), ["runs a", "runs b", "runs c", "runs d"]);
  assert.deepEqual(briefly(busy, 4), ["runs a", "runs b", "runs c", "runs d"]);
  assert.deepEqual(briefly(busy, 3), ["runs a", "runs b", "+2 more"]);
  assert.deepEqual(briefly(busy, 1), ["+4 more"]);
});

Deno.test("roleText() names each role that a machine has", () => {
  const alone = model({ name: "own", instances: [instance({ host: MINI })] });
  const shown = (role: "host" | "worker" | "standby", models: ModelStatus[]) =>
    roleText(machines(status({ peers: [peer({ role })], models }))[1]!);
  const big = model({ name: "big", instances: [split()] });
  assert.equal(shown("worker", [big]), "worker");
  assert.equal(shown("worker", [big, alone]), "worker and host");
  assert.equal(shown("host", [big, alone]), "host and worker");
  assert.equal(shown("standby", []), "free");
});

Deno.test("memoryText() says what is kept back only where something is", () => {
  const memory = { usedBytes: 2 * GB, offeredBytes: 12 * GB, totalBytes: 16 * GB };
  assert.equal(plain(memoryText(memory)), "2 GB used of 12 GB offered, 16 GB in all");
  assert.equal(
    plain(memoryText({ ...memory, totalBytes: 12 * GB })),
    "2 GB used of 12 GB offered",
  );
});

Deno.test("modelText() says where a model answers", () => {
  assert.equal(textOf({}), "Answers now, on studio");
  assert.equal(
    textOf({ instances: [instance(), instance({ host: TOWER })] }),
    "Answers now, on studio and tower",
  );
  assert.equal(textOf({ instances: [split()] }), "Answers now, split over 2 machines");
  assert.equal(
    textOf({ instances: [instance({ host: TOWER }), split()] }),
    "Answers now, on tower, split over 2 machines",
  );
});

Deno.test("modelText() leaves out copies that do not answer yet", () => {
  const second = instance({ host: TOWER, state: "loading" });
  assert.equal(textOf({ instances: [instance(), second] }), "Answers now, on studio");
});

Deno.test("modelText() has words for each other state", () => {
  const loading = { state: "loading" as const };
  assert.equal(
    textOf({ ...loading, instances: [split(loading)] }),
    "Is being loaded, split over 2 machines",
  );
  assert.equal(textOf({ ...loading, instances: [] }), "Is being loaded");
  const turn = { state: "turn" as const };
  assert.equal(
    textOf({ ...turn, instances: [instance(turn), instance({ ...turn, host: TOWER })] }),
    "Is loaded once studio and tower end what is being answered by another model",
  );
  assert.equal(
    textOf({ ...turn, instances: [] }),
    "Is loaded once another model has had its turn with the memory",
  );
  assert.equal(
    textOf({ state: "failed", instances: [], reason: "studio: llama-server: no" }),
    "Can't be loaded. studio: llama-server: no",
  );
  const reason = "studio: dropped by its user";
  assert.equal(textOf({ state: "cold", instances: [], reason }), `Not served. ${reason}`);
  assert.equal(textOf({ state: "cold", instances: [] }), "On this machine's disk");
  assert.equal(textOf({ state: "cold", instances: [], onDisk: false }), "Elsewhere in the mesh");
});

Deno.test("shortageText() says both numbers", () => {
  assert.equal(
    plain(shortageText({ needBytes: 46.2 * GB, haveBytes: 24 * GB })),
    "Needs 46.2 GB, 24 GB is free for it",
  );
  assert.equal(shortageText(null), "The mesh has too little memory for it");
});

Deno.test("deviceKind() tells a GPU that shares main memory from one with its own", () => {
  const kinds = ["discrete", "integrated", "software", "cpu"] as const;
  assert.deepEqual(kinds.map(deviceKind), [
    "GPU",
    "GPU that shares main memory",
    "software renderer",
    "main memory",
  ]);
});

Deno.test("roomText() says what each request may have, of a copy that answers", () => {
  const room = (of: Partial<InstanceStatus>) => {
    const [view] = models(status({ models: [model({ instances: [instance(of)] })] }), {});
    const text = view?.instances[0] && roomText(view.instances[0]);
    return text ? plain(text) : null;
  };
  assert.equal(room({ contextLength: 32_768, slots: 4 }), "32 K context for each of 4 at a time");
  assert.equal(room({ contextLength: 2_048, slots: 1 }), "2 K context");
  assert.equal(room({ contextLength: 2_048 }), "2 K context", "an earlier version says no more");
  assert.equal(room({ contextLength: null }), null);
  assert.equal(room({ contextLength: 2_048, slots: 4, state: "loading" }), null);
});
