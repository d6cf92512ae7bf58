import assert from "node:assert/strict";
import { decide } from "../../../src/node/plan/decide.ts";
import { modelToRequest } from "../../../src/node/plan/load_requests.ts";
import { heedSwitches } from "../../../src/node/plan/on_request.ts";
import type { Member, View } from "../../../src/node/plan/view.ts";
import { machine } from "../../mesh/content.ts";
import { instance, member, type MemberOptions, SMALL } from "../members.ts";

const OPTIONS = { pinned: [], catalog: [], mayCool: () => false, rested: new Set<string>() };

/** A machine whose owner has switched loading by request off, with SMALL on its disk. */
function off(options: MemberOptions = {}): Member {
  const { machine: on, ...rest } = member("off", 100, { holds: [SMALL], ...options });
  return { ...rest, machine: machine({ ...on, loadsOnRequest: false }) };
}

function worksOf(self: Member, ...others: Member[]): string[] {
  const view: View = { self, others, rttsMs: new Map() };
  return decide(view, OPTIONS).works.map(({ plan }) => plan.kind);
}

Deno.test("a machine that no request loads takes what people want, and nothing that requests do", () => {
  const asking = (options: MemberOptions) => member("other", 5, options);
  const served = { instances: [instance(SMALL, "warm")], targets: [SMALL] };
  const rows: readonly [string, Member, Member, string[]][] = [
    ["a user wants it", off(), asking({ wanted: ["small"] }), ["solo"]],
    ["a request wants it", off(), asking({ wanted: ["small"], asked: ["small"] }), []],
    ["its own caller wants it", off({ wanted: ["small"], asked: ["small"] }), asking({}), []],
    [
      "a user wants it too",
      off({ wanted: ["small"] }),
      asking({ wanted: ["small"], asked: ["small"] }),
      ["solo"],
    ],
    ["a request has had it loaded elsewhere", off(), asking(served), []],
    [
      "a user has had it loaded elsewhere",
      off(),
      asking({ ...served, wanted: ["small"] }),
      ["solo"],
    ],
    [
      "it runs already",
      off(served),
      asking({ wanted: ["small"], asked: ["small"] }),
      ["solo"],
    ],
  ];
  for (const [row, self, other, expected] of rows) {
    assert.deepEqual(worksOf(self, other), expected, row);
  }
});

Deno.test("a machine that no request loads lends no memory to what a request wants", () => {
  const wanting = member("other", 5, { wanted: ["big"], asked: ["big"] });
  const { self } = heedSwitches({ self: off(), others: [wanting], rttsMs: new Map() });
  assert.ok(self.refuses.includes("big"));
});

Deno.test("modelToRequest() asks no machine that no request loads", () => {
  assert.equal(modelToRequest("small", [off()]), undefined);
  assert.equal(modelToRequest("small", [off(), member("on", 100, { holds: [SMALL] })]), "small");
});
