import assert from "node:assert/strict";
import { ConfigFileError } from "../../../src/cli/config/config_file_error.ts";
import { understand } from "../../../src/cli/config/parse.ts";
import { forbiddenArguments } from "../../support/forbidden_arguments.ts";
import type { ServeConfig } from "../../../src/cli/config/serve_command.ts";

const PATH = "/home/ann/.mesh-llm/config.toml";

function read(line: string, text: string) {
  const argv = line.split(" ").filter((word) => word !== "");
  const { command, settings } = understand(argv, {}, {
    hostname: "lab-3",
    home: "/home/ann",
    cwd: "/srv/here",
    readConfig: (asked) => asked === PATH ? { text, mode: 0o600 } : undefined,
    readLastStart: () => undefined,
    hasMadeKeys: () => false,
  });
  return { serving: (command as ServeConfig).serving, settings };
}

function complaint(text: string): string {
  try {
    read("--model big", text);
  } catch (error) {
    assert.ok(error instanceof ConfigFileError, String(error));
    return error.message;
  }
  assert.fail(`${text} was accepted`);
}

const WHOLE = `
ctx = 4096
[model."big"]
ctx = 8192
parallel = 2
draft = "~/small.gguf"
idle_unload = "15m"
pin = true
aliases = ["gpt-4o-mini", "default", "default"]
device = ["CUDA0"]
args = ["--top_k=20", "--lora", "/a.gguf"]
[model."small@0123abcd"]
ctx = "auto"
parallel = "auto"
draft = false
idle_unload = "never"
device = "none"
`;

Deno.test("the file has settings of single models, by name and by id", () => {
  const { serving, settings } = read("", WHOLE);
  assert.deepEqual(serving.models, ["big"]);
  assert.equal(serving.contextLength, 4096);
  assert.deepEqual(serving.perModel, {
    big: {
      contextLength: 8192,
      slots: 2,
      draft: "/home/ann/small.gguf",
      idleUnloadMs: 900_000,
      pin: true,
      aliases: ["gpt-4o-mini", "default"],
      device: ["CUDA0"],
      args: ["--top-k", "20", "--lora", "/a.gguf"],
    },
    "small@0123abcd": {
      contextLength: null,
      slots: null,
      draft: false,
      idleUnloadMs: null,
      device: [],
    },
  });
  assert.deepEqual(
    settings.filter(({ name }) => name.startsWith('model."small')),
    [
      { name: 'model."small@0123abcd".ctx', value: "auto", from: "file" },
      { name: 'model."small@0123abcd".parallel', value: "auto", from: "file" },
      { name: 'model."small@0123abcd".draft', value: false, from: "file" },
      { name: 'model."small@0123abcd".idle_unload', value: "never", from: "file" },
      { name: 'model."small@0123abcd".device', value: "none", from: "file" },
    ],
  );
});

Deno.test("what is pinned stands behind the models of a flag, once", () => {
  const text = "[model.a]\npin = true\n[model.b]\npin = true\n[model.c]\npin = false";
  assert.deepEqual(read("--model b", text).serving.models, ["b", "a"]);
  assert.deepEqual(read("--client", text).serving.models, []);
});

for (
  const [table, sentence] of [
    [
      "cttx = 1",
      /there is no setting "cttx" \(did you mean ctx\?\); the settings of a model are ctx/,
    ],
    ["__proto__ = 1", /there is no setting|Invalid/],
    ["constructor = 1", /there is no setting "constructor"/],
    ["ctx = 0", /ctx must be a whole number of tokens from 1, or "auto": 0 was given/],
    ['aliases = "default"', /aliases must be a list of at most 16 names of models, without @/],
    ['aliases = ["../x"]', /aliases must be/],
    ['aliases = ["big@0123abcd"]', /aliases must be/],
    [`aliases = [${'"a",'.repeat(17)}]`, /aliases must be/],
    ["ctx = 1.5", /ctx must be/],
    ['ctx = "8192"', /ctx must be/],
    ["draft = true", /draft must be/],
    ['idle_unload = "0s"', /idle_unload must be/],
    ["idle_unload = 5", /idle_unload must be/],
    ['idle-unload = "5m"', /there is no setting "idle-unload" \(did you mean idle_unload\?\)/],
    ["pin = 1", /pin must be true or false/],
    ['device = ["a b"]', /device must be/],
    ["device = []", /device must be/],
    ['args = "--jinja"', /args must be a list of texts/],
    ['args = ["--tools", "all"]', /args --tools is refused, for it lets a model use tools/],
    ['args = ["--ctx-size", "1"]', /args --ctx-size is refused, for this node sets it: use ctx/],
    ['args = ["--no-such"]', /args --no-such is refused/],
  ] as const
) {
  Deno.test(`the file is refused with ${table} for a model`, () => {
    const message = complaint(`[model."big"]\n${table}`);
    assert.match(message, sentence);
    assert.ok(message.startsWith(`${PATH}`), message);
  });
}

Deno.test("a model that is no table, and a name that is none, are refused", () => {
  assert.match(complaint("[model]\nbig = 5"), /must be a table/);
  assert.match(complaint('[model."../a"]\nctx = 5'), /can't be a model's name/);
});

Deno.test("a file that names models in both ways is told of the one to use", () => {
  assert.match(complaint('model = "big"\n[model."big"]\nctx = 5'), /by pin = true there/);
});

Deno.test("no argument that is forbidden comes through the file, and each is named", () => {
  for (const { name, args } of forbiddenArguments()) {
    const said = complaint(`[model.big]\nctx = 1\nargs = ${JSON.stringify(args)}`);
    assert.ok(said.startsWith(`${PATH}: [model."big"]: args `), said);
    assert.ok(said.includes(name), said);
  }
});
