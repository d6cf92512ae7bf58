import assert from "node:assert/strict";
import { settingsNow } from "../../../src/api/management/settings_list.ts";

Deno.test("settingsNow() has what was changed of a model in the place of what the file says", () => {
  const port = { name: "port", value: 1, from: "flag" } as const;
  const file = (name: string, value: unknown) => ({ name, value, from: "file" }) as const;
  assert.deepEqual(settingsNow([port], {}), [port]);
  assert.deepEqual(
    settingsNow(
      [port, file('model."m".ctx', 512), file('model."m".pin', true)],
      { m: { ctx: 1_024, args: ["--temp", "0"] }, n: { draft: false } },
    ),
    [
      port,
      file('model."m".pin', true),
      { name: 'model."m".ctx', value: 1_024, from: "changed" },
      { name: 'model."m".args', value: ["--temp", "0"], from: "changed" },
      { name: 'model."n".draft', value: false, from: "changed" },
    ],
  );
});
