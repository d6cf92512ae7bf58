import assert from "node:assert/strict";
import { UsageError } from "../../../src/cli/base/usage_error.ts";
import { settingsIn } from "../../../src/cli/config/setting_words.ts";

Deno.test("settingsIn() takes what one types for a setting", () => {
  const table: [string, unknown][] = [
    ["ctx=8192", 8_192],
    ["ctx=auto", "auto"],
    ["ctx=8k", "8k"],
    ["parallel=4", 4],
    ["aliases=gpt-4o-mini, default", ["gpt-4o-mini", "default"]],
    ['aliases=["a"]', ["a"]],
    ["draft=none", false],
    ["draft=false", false],
    ["draft=small", "small"],
    ["idle_unload=15m", "15m"],
    ["pin=true", true],
    ["pin=maybe", "maybe"],
    ["device=none", "none"],
    ["device=CUDA0,CUDA1", ["CUDA0", "CUDA1"]],
    ["args=--temp 0.6  --jinja", ["--temp", "0.6", "--jinja"]],
    ["args=--temp=0.6", ["--temp=0.6"]],
    ['args=["--chat-template", "a b"]', ["--chat-template", "a b"]],
    ['args=["--chat-template', '["--chat-template'],
    [
      'args=--chat-template-kwargs {"enable_thinking":false}',
      ["--chat-template-kwargs", '{"enable_thinking":false}'],
    ],
    ["args=", null],
    ["color=red", "red"],
  ];
  for (const [word, value] of table) {
    assert.deepEqual(settingsIn([word]), { [word.split("=", 1)[0]!]: value }, word);
  }
  assert.deepEqual(settingsIn(["ctx=1", "pin="]), { ctx: 1, pin: null });
  for (const word of ["ctx", "=1", "--ctx", "", 'args=--alias "a b"', "args=--grammar 'a b'"]) {
    assert.throws(() => settingsIn([word]), UsageError, word);
  }
});
