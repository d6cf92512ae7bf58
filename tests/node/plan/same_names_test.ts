import fc from "fast-check";
import assert from "node:assert/strict";
import { Namesakes, toldApart } from "../../../src/mesh/mod.ts";
import { decide } from "../../../src/node/plan/decide.ts";
import { modelToRequest } from "../../../src/node/plan/load_requests.ts";
import type { TargetOptions } from "../../../src/node/plan/target.ts";
import { instance, member, view } from "../members.ts";

const A = { name: "twin", fingerprint: "aa".repeat(32) };
const B = { name: "twin", fingerprint: "bb".repeat(32) };
const [ID_A, ID_B] = ["twin@aaaaaaaa", "twin@bbbbbbbb"] as const;

const FREE: TargetOptions = { pinned: [], catalog: [], mayCool: () => false, rested: new Set() };

const serving = (name: string, model: typeof A, changes = {}) =>
  member(name, 100, {
    holds: [model],
    targets: [model],
    instances: [instance(model, "warm")],
    wanted: ["twin"],
    ...changes,
  });

Deno.test("Namesakes.of() is nothing where each name is one model and nobody says an id", () => {
  const members = [serving("a", A), serving("b", A), member("c", 1, { wanted: ["other"] })];
  assert.equal(Namesakes.of(members), null);
  assert.equal(toldApart(members), members);
});

// A member's name means its own model: another one of the name was no answer to what it wanted.
Deno.test("toldApart() takes a member's names for its own models, else for one that is served, else for all", () => {
  const all = [
    serving("a", A, { dropped: ["twin"], refuses: ["twin"], demand: { twin: 2 } }),
    member("b", 100, { holds: [B], wanted: ["twin", "other"], claims: [claim("twin")] }),
    member("c", 100, { wanted: ["twin"], refuses: ["twin"], failures: [failure("twin")] }),
    member("d", 100, { holds: [A, B], wanted: ["twin"], dropped: [ID_B] }),
    member("e", 100, { wanted: [ID_B, "TWIN"] }),
    member("f", 100, { holds: [A, B], targets: [B], failures: [failure("twin")] }),
  ];
  const [a, b, c, d, e, f] = toldApart(all);
  assert.deepEqual(f?.failures, [failure(ID_B)], "what it should serve is what failed");
  assert.deepEqual([a?.wanted, a?.dropped, a?.refuses], [[ID_A], [ID_A], [ID_A]]);
  assert.deepEqual(a?.demand, { [ID_A]: 2 });
  assert.deepEqual(a?.instances.map(({ model }) => model), [{ ...A, name: ID_A }]);
  assert.deepEqual([b?.wanted, b?.claims], [[ID_B, "other"], [claim(ID_B)]]);
  assert.deepEqual([c?.wanted, c?.refuses], [[ID_A], [ID_A, ID_B]]);
  assert.deepEqual(c?.failures, [failure(ID_A), failure(ID_B)]);
  assert.deepEqual([d?.wanted, d?.dropped], [[ID_A], [ID_B]]);
  assert.deepEqual(e?.wanted, [ID_B, "TWIN"]);
});

function claim(model: string) {
  return { model, reason: "unserved" } as const;
}

function failure(model: string) {
  return { model, reason: "no" };
}

Deno.test("decide() serves a model that is wanted by its id while another of its name is served", () => {
  const asking = serving("a", A, { wanted: ["twin", ID_B] });
  const idle = member("b", 100, { holds: [B] });
  const [work] = decide(view(idle, [asking]), FREE).works;
  assert.deepEqual(work?.plan, { kind: "solo", model: B, needBytes: 10 });
  assert.deepEqual(work?.claim, { model: "twin", reason: "unserved" });
});

Deno.test("decide() adds no replica of a model of another content, and finds one by its short id", () => {
  const idle = member("b", 100, { holds: [B] });
  assert.deepEqual(decide(view(idle, [serving("a", A)]), FREE).works, []);
  // Only this one has the name: the id means no other model than the name does.
  const asking = member("a", 100, { wanted: [ID_B], targets: [] });
  assert.deepEqual(decide(view(idle, [asking]), FREE).works[0]?.plan, {
    kind: "solo",
    model: B,
    needBytes: 10,
  });
});

Deno.test("decide() drops one of two models of a name on this disk, and serves the other", () => {
  const self = member("a", 100, { holds: [A, B], dropped: [ID_A], refuses: [ID_A] });
  const wanting = member("b", 1, { wanted: [ID_A, ID_B] });
  const [work] = decide(view(self, [wanting]), FREE).works;
  assert.deepEqual(work?.plan, { kind: "solo", model: B, needBytes: 10 });
  const pinned = decide(view({ ...self, assignable: false }, [serving("b", B)]), {
    ...FREE,
    pinned: [B],
  });
  assert.deepEqual(pinned.works[0]?.plan, { kind: "solo", model: B, needBytes: 10 });
});

Deno.test("modelToRequest() names the model by the id that it has among all files", () => {
  const members = [member("a", 100, { holds: [A] }), member("b", 100, { holds: [B] })];
  assert.equal(modelToRequest(ID_B, members), ID_B);
  assert.equal(modelToRequest("twin", members), ID_A);
  assert.equal(modelToRequest(ID_B, members.slice(1)), "twin");
  assert.equal(modelToRequest("twin@cccccccc", members), undefined);
});

/** Models of different names, and the same as models of one name: in the same order by either. */
const MODELS = ["a", "b", "c"].map((name) => {
  const fingerprint = name.repeat(64);
  return {
    named: { name, fingerprint },
    twin: { name: "twin", fingerprint },
    id: `twin@${fingerprint.slice(0, 8)}`,
  };
});

Deno.test("decide() plans for models of one name as it does for models of different names", () => {
  const node = fc.record({
    holds: fc.subarray(MODELS),
    wanted: fc.subarray(MODELS),
    refuses: fc.subarray(MODELS, { maxLength: 1 }),
    serves: fc.boolean(),
    pinned: fc.boolean(),
    memoryBytes: fc.constantFrom(5, 10, 40),
  });
  fc.assert(fc.property(fc.array(node, { minLength: 2, maxLength: 5 }), (nodes) => {
    const planOf = (as: "named" | "twin") => {
      const text = (model: (typeof MODELS)[number]) => as === "named" ? model.named.name : model.id;
      const members = nodes.map(
        ({ holds, wanted, refuses, serves, pinned, memoryBytes }, index) => {
          const own = serves || pinned ? holds[0]?.[as] : undefined;
          return member(`n${index}`, memoryBytes, {
            holds: holds.map((model) => model[as]),
            wanted: wanted.map(text),
            refuses: refuses.map(text),
            ...(own === undefined ? {} : {
              targets: [own],
              assignable: !pinned,
              instances: serves ? [instance(own, "warm")] : [],
            }),
          });
        },
      );
      const [self, ...others] = members;
      const { works } = decide(view(self!, others), {
        ...FREE,
        pinned: nodes[0]?.pinned ? self?.targets.slice(0, 1) ?? [] : [],
      });
      return works.map(({ plan, claim }) => {
        const model = "model" in plan ? plan.model : null;
        assert.ok(model === null || MODELS.some((one) => one[as].name === model.name));
        return { plan: { ...plan, model: model?.fingerprint ?? null }, reason: claim?.reason };
      });
    };
    assert.deepEqual(planOf("twin"), planOf("named"));
  }));
});
