import assert from "node:assert/strict";
import * as fc from "fast-check";
import { limitsOf } from "../../../src/api/management/agent_limits.ts";
import type { InstanceStatus } from "../../../src/api/base/types.ts";
import { instance } from "../../support/console_status.ts";

const of = (
  contextLength: number | null,
  slots?: number,
  state: InstanceStatus["state"] = "warm",
) => instance({ contextLength, state, ...(slots === undefined ? {} : { slots }) });

Deno.test("limitsOf() goes by the instances with the largest context, those that are ready first", () => {
  const table: [InstanceStatus[], ReturnType<typeof limitsOf>][] = [
    [[], null],
    [[of(null, 4)], null],
    [[of(0, 4)], null],
    [[of(32_768, 4)], { context: 32_768, output: 8_192, slots: 4 }],
    // An earlier version does not say how many it answers at one time.
    [[of(32_768)], { context: 32_768, output: 8_192, slots: null }],
    [[of(8_192, 4), of(32_768, 1)], { context: 32_768, output: 8_192, slots: 1 }],
    [[of(32_768, 2), of(32_768, 1)], { context: 32_768, output: 8_192, slots: 3 }],
    [[of(131_072, 2, "loading"), of(8_192, 1)], { context: 8_192, output: 2_048, slots: 1 }],
    [[of(131_072, 2, "loading")], { context: 131_072, output: 32_000, slots: 2 }],
  ];
  for (const [instances, limits] of table) assert.deepEqual(limitsOf({ instances }), limits);
});

Deno.test("limitsOf() never allows an answer that leaves no room for a prompt, or none at all", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 10_000_000 }), (context) => {
    const { output = 0 } = limitsOf({ instances: [of(context, 1)] }) ?? {};
    assert.ok(output >= 1 && output < context);
  }));
});
