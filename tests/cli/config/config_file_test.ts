import assert from "node:assert/strict";
import { ConfigFileError } from "../../../src/cli/config/config_file_error.ts";
import type { Command } from "../../../src/cli/config/command.ts";
import type { ServeConfig } from "../../../src/cli/config/serve_command.ts";
import { parse } from "../../../src/cli/config/parse.ts";
import { createProgram } from "../../../src/cli/config/program/program.ts";
import { settingsFindings } from "../../../src/cli/commands/doctor/findings.ts";
import type { Setting } from "../../../src/api/mod.ts";
import { changedInFile, settingsText } from "../../../src/cli/commands/run_config.ts";
import type { Environment } from "../../../src/cli/config/cli_context.ts";

const PATH = "/home/ann/.mesh-llm/config.toml";

/** argv as one writes it, with the text of the one configuration file that there is. */
function read(
  line: string,
  text: string,
  environment: Environment = {},
  { path = PATH, mode = 0o600 }: { readonly path?: string; readonly mode?: number | null } = {},
): Command {
  const argv = line.split(" ").filter((word) => word !== "");
  const readConfig = (asked: string) => asked === path ? { text, mode } : undefined;
  const facts = {
    hostname: "lab-3",
    home: "/home/ann",
    cwd: "/srv/here",
    readConfig,
    readLastStart: () => undefined,
    hasMadeKeys: () => false,
  };
  return parse(argv, environment, facts);
}

function serve(...args: Parameters<typeof read>): ServeConfig {
  const command = read(...args);
  assert.equal(command.kind, "serve");
  return command as ServeConfig;
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

Deno.test("the example says what its comments promise", async () => {
  const text = await Deno.readTextFile(
    new URL("../../../docs/config.example.toml", import.meta.url),
  );
  const config = serve("", text);
  assert.deepEqual(config.serving.models, ["/home/ann/models/Qwen3-30B-A3B-Q4_K_M.gguf"]);
  assert.deepEqual(
    [config.name, config.api.port, config.engine.maxVramBytes, config.serving.contextLength],
    ["kitchen", 9337, 24e9, 16_384],
  );
  assert.deepEqual([config.serving.tensorSplit, config.models.modelsDir], [[3, 1], "/srv/models"]);
  assert.deepEqual(config.api.hostNames, ["gpu.home.arpa", "*.lan"]);
});

Deno.test("a flag wins over the environment, and that over the file", () => {
  const text = 'port = 1\nctx = 2\napi-key = "file"\nmodel = "small"';
  const config = serve("--port 5 --model big", text, { MESH_LLM_API_KEY: "env" });
  assert.deepEqual(
    [config.api.port, config.serving.contextLength, config.api.apiKey, config.serving.models],
    [5, 2, "env", ["big"]],
  );
  assert.equal(serve("", text).api.apiKey, "file");
});

Deno.test("a flag before the command wins too", () => {
  assert.equal(serve("--port 5 console", "port = 1").api.port, 5);
  assert.equal(serve("console", "port = 1").api.port, 1);
});

Deno.test("the file is the data directory's, a client's too", () => {
  const inD = { path: "/d/config.toml" };
  assert.equal(serve("--join t --data-dir /d", "port = 1", {}, inD).api.port, 1);
  assert.equal(serve("--join t", "port = 1", { MESH_LLM_HOME: "/d" }, inD).api.port, 1);
  assert.equal(serve("--client --data-dir /d", "port = 1", {}, inD).api.port, 1);
  assert.equal(serve("--join t", "port = 1", {}, inD).api.port, 9337);
});

Deno.test("a file that holds a secret and that others may read is warned of", () => {
  const warned = (text: string, mode: number | null) =>
    serve("console", text, {}, { mode }).warnings;
  const secret = 'api-key = "s3cret"\nport = 1';
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    const octal = mode.toString(8);
    const sentence = `Others may read api-key in ${PATH} (mode ${octal}): run chmod 600 ${PATH}`;
    assert.deepEqual(warned(secret, mode), [sentence]);
  }
  assert.match(warned('join = "t"\napi-key = "k"', 0o644)[0]!, /read api-key and join in/);
  for (const mode of [0o600, 0o400, null]) assert.deepEqual(warned(secret, mode), []);
  assert.deepEqual(warned("port = 1", 0o644), []);
  for (const place of ["-", "@/run/invite"]) {
    assert.deepEqual(warned(`join = "${place}"`, 0o644), [], "no secret but where one is");
  }
});

Deno.test("config show and doctor say as much of that file as a start does", () => {
  const file = ['join = "mesh1_s3cret"', {}, { mode: 0o644 }] as const;
  const shown = read("config show", ...file);
  const doctor = read("doctor", ...file);
  assert.ok(shown.kind === "config-show" && doctor.kind === "doctor");
  const [sentence = ""] = serve("console", ...file).warnings;
  assert.match(sentence, /^Others may read join in .*: run chmod 600 /);
  assert.deepEqual(shown.warnings, [sentence]);
  const [finding] = settingsFindings(doctor.config.warnings);
  assert.equal(finding?.level, "warning");
  assert.equal(finding?.found, sentence.split(": run")[0]);
  assert.equal(finding?.remedy, `Run chmod 600 ${PATH}`);
});

Deno.test("an invite comes from a flag, else from the environment, else from the file", () => {
  const text = 'join = "@~/invite"';
  assert.equal(serve("console", text).mesh.join, "@/home/ann/invite");
  assert.equal(serve("console", text, { MESH_LLM_JOIN: "env" }).mesh.join, "env");
  assert.equal(serve("console --join flag", text, { MESH_LLM_JOIN: "env" }).mesh.join, "flag");
  assert.equal(serve("--join flag console", text, { MESH_LLM_JOIN: "env" }).mesh.join, "flag");
  const asked = read("", "", { MESH_LLM_JOIN: "env" });
  assert.equal(asked.kind, "serve", "asks for a node by itself");
});

Deno.test("an option that a flag excludes is ignored, and so is one that a command lacks", () => {
  assert.deepEqual(serve("--client", 'model = "big"\nsplit = true').serving.models, []);
  assert.equal(serve("console", "no-console = true").api.console, true);
  assert.equal(serve("--model big", "no-console = true").api.console, false);
  assert.equal(serve("--model big", "no-console = false\nsplit = false").api.console, true);
});

const refused: [text: string, message: string][] = [
  ["port = 99999", `${PATH}: port must be a port from 0 to 65535: current value is "99999"`],
  ["split = 1", `${PATH}: split must be true or false`],
  ["tensor-split = []", `${PATH}: tensor-split must be a text, a number or a list of them`],
  ["port = {a = 1}", `${PATH}: port must be a text, a number or a list of them`],
  [
    'log-format = "xml"',
    `${PATH}: log-format must be one of pretty, json: current value is "xml"`,
  ],
];

for (const [text, message] of refused) {
  Deno.test(`the file may not say ${text}`, () => assert.equal(complaint(text), message));
}

Deno.test("an unknown setting, one of flags only and a broken file are named", () => {
  assert.match(complaint("prot = 1"), /: there is no setting "prot"; the settings are model, /);
  assert.match(complaint('data-dir = "/d"'), /there is no setting "data-dir"/);
  assert.match(complaint("a = 1\nb = ="), /^\/home\/ann\/\.mesh-llm\/config\.toml, line 2: /);
});

Deno.test("config show tells of every option where its value comes from", () => {
  const command = read("config show --port 5", 'ctx = 2\nmodel = ["a", "b"]\napi-key = "k"');
  assert.ok(command.kind === "config-show");
  const from = Object.fromEntries(command.settings.map((setting) => [setting.name, setting]));
  assert.deepEqual(from["port"], { name: "port", value: 5, from: "flag" });
  assert.deepEqual(from["ctx"], { name: "ctx", value: 2, from: "file" });
  assert.deepEqual(from["api-key"], { name: "api-key", value: "(set)", from: "file" });
  assert.deepEqual(from["console-port"], { name: "console-port", value: 3131, from: "default" });
  const text = settingsText(command.path, command.settings);
  assert.match(text, /^\/home\/ann\/\.mesh-llm\/config\.toml\n\nSETTING +VALUE +FROM\n/);
  assert.match(text, /\nmodel +a, b +file\n/);
});

Deno.test("config show says what of the file counts at the next start only", () => {
  const setting = (name: string, value: unknown, from: Setting["from"]) => ({ name, value, from });
  const running = [
    setting("ctx", 2, "file"),
    setting("port", 5, "flag"),
    setting("split", false, "default"),
    setting("model", ["a"], "file"),
  ];
  const next = [
    setting("ctx", 4, "file"),
    setting("port", 9337, "default"),
    setting("split", true, "file"),
    setting("model", ["a"], "file"),
  ];
  assert.deepEqual(changedInFile(running, next), [next[0], next[2]]);
});

Deno.test("config show leaves out none of the options", () => {
  const program = createProgram({} as Parameters<typeof createProgram>[0], {
    write: () => {},
    prepare: () => {},
  });
  const own = ["--version", "--help", "--data-dir", "--leave", "--yes"];
  // `--draft` and `--no-draft` are one setting.
  const attributes = program.options.map((option) => option.attributeName());
  const first = program.options.filter((_, index) =>
    attributes.indexOf(attributes[index] ?? "") === index
  );
  const options = first.map(({ long }) => long ?? "").filter((name) => !own.includes(name));
  const command = read("config show", "");
  assert.ok(command.kind === "config-show");
  assert.deepEqual(
    command.settings.map(({ name }) => `--${name}`).toSorted(),
    options.toSorted(),
  );
});
