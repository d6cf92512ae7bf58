import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  type Door,
  judgeArguments,
  type JudgedArguments,
  unknownArgument,
} from "../../src/base/model_arguments.ts";
import { engineOrReason, engineTest } from "../support/engine.ts";

const found = await engineOrReason();

function judged(given: string, door: Door): string | readonly string[] {
  const result: JudgedArguments = judgeArguments(given === "" ? [] : given.split(" "), door);
  return result.kind === "allowed" ? result.args : result.reason;
}

for (
  const [given, args] of [
    ["", []],
    ["--top-k 20 --min-p=0.1", ["--top-k", "20", "--min-p", "0.1"]],
    ["--top_k 20", ["--top-k", "20"]],
    ["--n_predict=-1", ["--n-predict", "-1"]],
    ["-s -1 -ctk q8_0", ["-s", "-1", "-ctk", "q8_0"]],
    ["--no-jinja --reasoning off", ["--no-jinja", "--reasoning", "off"]],
    ["--no_jinja", ["--no-jinja"]],
    ['--chat-template-kwargs={"a":"b=c"}', ["--chat-template-kwargs", '{"a":"b=c"}']],
  ] as const
) {
  Deno.test(`the arguments "${given}" are allowed through both doors`, () => {
    assert.deepEqual(judged(given, "api"), args);
    assert.deepEqual(judged(given, "file"), args);
  });
}

for (const given of ["--lora /a.gguf", "--chat-template-file=/t.jinja", "-ub 64", "--mlock"]) {
  Deno.test(`the arguments "${given}" are allowed in the file alone`, () => {
    assert.match(String(judged(given, "api")), /^-\S+ is refused here: only config.toml/);
    assert.ok(Array.isArray(judged(given, "file")));
  });
}

/** One of each kind in each of its spellings. */
const FORBIDDEN = [
  "--tools all",
  "--tools=all",
  "--tools_runtime=x",
  "--tools-later",
  "--mcp-servers-config /a",
  "--mcp_servers_json {}",
  "--mcp-anything",
  "--agent",
  "-ag",
  "--no-agent",
  "-no-ag",
  "--ui-mcp-proxy",
  "--no-webui-mcp-proxy",
  "--log-file /tmp/a",
  "--log_file=/tmp/a",
  "--log-prompts-dir /tmp",
  "--path /",
  "--path=/",
  "--media-path /",
  "--media_path=/",
  "-hf a/b",
  "-hf=a/b",
  "-hfr a/b",
  "--hf-repo a/b",
  "--hf_repo=a/b",
  "-mu http://a",
  "--model-url=http://a",
  "-mmu http://a",
  "--docker-repo a",
  "--slot-save-path /tmp",
  "--slot_save_path=/tmp",
  "-lcd /tmp/a",
  "--host 0.0.0.0",
  "--host=0.0.0.0",
  "--port 80",
  "--api-key a",
  "--api_key_file=/a",
  "--rpc a:1",
  "--model /a.gguf",
  "-m /a.gguf",
  "--models-dir /",
  "--ssl-key-file /a",
  "--webui-config {}",
  "--cors-origins *",
  "--props",
  "--video-ffmpeg-dir /tmp",
  "--fim-qwen-7b-spec",
  "--ctx-size 1",
  "-c 1",
  "--parallel=8",
  "-np 8",
  "--alias a",
  "-md /a",
  "-ngl 1",
  "--device none",
  "--sleep-idle-seconds 1",
  "--no-such-thing",
  "--top-k=",
  "--top-k",
  "--top-k --tools",
  "--top-k -hf",
  "--jinja=1",
  "--jinja yes",
  "--TOOLS all",
  "--tool all",
  "tools",
];

for (const given of FORBIDDEN) {
  Deno.test(`the arguments "${given}" are refused through both doors, by name`, () => {
    for (const door of ["api", "file"] as const) {
      const [name] = given.replaceAll(/(?<=\w)_/g, "-").split(/[= ]/);
      const reason = judged(given, door);
      assert.equal(typeof reason, "string", given);
      assert.ok(String(reason).includes(given === "--jinja yes" ? "yes" : name!), String(reason));
    }
  });
}

Deno.test("an argument of ours is refused with the setting to use", () => {
  assert.equal(judged("-c 9", "file"), "-c is refused, for this node sets it: use ctx");
});

Deno.test("whatever is allowed begins with a name of the lists, and no value is read as a name", () => {
  const word = fc.oneof(
    fc.constantFrom("--top-k", "--jinja", "--tools", "--tools=a", "--host", "-hf", "--top-p=1"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (given) => {
    const result = judgeArguments(given, "file");
    if (result.kind === "refused") return;
    for (const one of ["--tools", "--host", "-hf"]) assert.ok(!result.args.includes(one));
  }));
});

Deno.test("too many arguments, and too long ones, are refused", () => {
  assert.equal(judgeArguments(Array(129).fill("--jinja"), "file").kind, "refused");
  assert.equal(judgeArguments(["--grammar", "a".repeat(70_000)], "file").kind, "refused");
  assert.equal(judgeArguments(["--grammar", "a\0b"], "file").kind, "refused");
});

engineTest(found, "an argument that this llama-server lacks is named", (engine) => {
  const flags = engine.llamaServerFlags;
  assert.equal(unknownArgument(["--top-k", "--none", "--jinja"], flags), undefined);
  assert.equal(unknownArgument(["--top-k", "1", "--jinja"], new Set(["--top-k"])), "--jinja");
  return Promise.resolve();
});
