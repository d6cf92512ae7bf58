import fc from "fast-check";
import assert from "node:assert/strict";
import {
  argsIn,
  argsText,
  changeOf,
  formOf,
  savedText,
  withoutSame,
} from "../../console/src/lib/model_settings.ts";
import type { SettingsView, WrittenSettings } from "../../src/api/base/types.ts";

const SETTINGS: WrittenSettings = {
  ctx: "auto",
  parallel: 2,
  aliases: ["gpt-4o-mini", "default"],
  draft: false,
  idle_unload: "15m",
  pin: true,
  device: ["CUDA0", "CUDA1"],
  args: ["--temp", "0.6", "--jinja", "--n-predict", "-1", "--grammar", 'root ::= "a"\n'],
};

Deno.test("the fields of a model's settings have what one would type", () => {
  assert.deepEqual(formOf(SETTINGS), {
    ctx: "auto",
    parallel: "2",
    aliases: "gpt-4o-mini, default",
    draft: "none",
    idle_unload: "15m",
    pin: true,
    device: "CUDA0, CUDA1",
    args: '--temp 0.6\n--jinja\n--n-predict -1\n--grammar "root ::= \\"a\\"\\n"',
  });
  assert.equal(formOf({ ...SETTINGS, device: "none" }).device, "none");
});

Deno.test("only fields that were typed in are sent, and an empty one goes back", () => {
  const { args: _, ...form } = formOf(SETTINGS);
  const { args: __, ...same } = SETTINGS;
  assert.deepEqual(changeOf(form), same);
  const table: [Parameters<typeof changeOf>[0], unknown][] = [
    [{}, {}],
    [{ ctx: " 8192 " }, { ctx: 8_192 }],
    [{ ctx: "8k", parallel: "-1" }, { ctx: "8k", parallel: "-1" }],
    [{ ctx: "", aliases: " ", args: "\n" }, { ctx: null, aliases: null, args: null }],
    [{ draft: "small", device: "CUDA0" }, { draft: "small", device: ["CUDA0"] }],
    [{ pin: false }, { pin: false }],
    [{ args: "--temp=0\n  --top-k   20 " }, { args: ["--temp=0", "--top-k", "20"] }],
  ];
  for (const [edits, change] of table) assert.deepEqual(changeOf(edits), change);
  assert.deepEqual(withoutSame({ ctx: "auto", parallel: "3", pin: true }, SETTINGS), {
    parallel: "3",
  });
});

Deno.test("arguments are the same again after they were a text", () => {
  const name = fc.stringMatching(/^--?[a-z][a-z-]{0,9}$/);
  const value = fc.string({ minLength: 1, unit: "binary" }).filter((text) =>
    !/^--?[a-z]/i.test(text)
  );
  const argument = fc.oneof(name.map((one) => [one]), fc.tuple(name, value));
  fc.assert(fc.property(fc.array(argument), (list) => {
    const args = list.flat();
    assert.deepEqual(argsIn(argsText(args)), args);
  }));
});

Deno.test("savedText() says where a model is loaded anew, and who keeps settings of its own", () => {
  const text = (reloads: string[], elsewhere: string[]) =>
    savedText({ reloads, elsewhere } as unknown as SettingsView);
  assert.equal(text([], []), "Saved.");
  assert.equal(
    text(["ann", "bob"], []),
    "Saved. The model is loaded anew on ann and bob once its answers have ended.",
  );
  assert.equal(text([], ["eve"]), "Saved. eve serves it with settings of its own.");
  assert.match(
    text(["ann"], ["eve", "bob"]),
    / eve and bob serve it with settings of their own\.$/,
  );
});
