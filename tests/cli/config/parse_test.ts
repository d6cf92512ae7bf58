import assert from "node:assert/strict";
import fc from "fast-check";
import type { Command } from "../../../src/cli/config/command.ts";
import type { ServeConfig } from "../../../src/cli/config/serve_command.ts";
import { MESH_TIMINGS } from "../../../src/mesh/config.ts";
import { type Changes, withChanges } from "../../../src/node/config.ts";
import type { LastStart } from "../../../src/cli/config/last_start.ts";
import { NothingToServeError } from "../../../src/cli/base/nothing_to_serve.ts";
import { parse } from "../../../src/cli/config/parse.ts";
import type { Actions } from "../../../src/cli/config/program/actions.ts";
import { createProgram } from "../../../src/cli/config/program/program.ts";
import type { Environment, Facts } from "../../../src/cli/config/cli_context.ts";
import { UsageError } from "../../../src/cli/base/usage_error.ts";

const facts: Facts = {
  hostname: "lab-3",
  home: "/home/ann",
  cwd: "/srv/here",
  readConfig: () => undefined,
  readLastStart: () => undefined,
  hasMadeKeys: () => false,
};

/** argv as one writes it; no argument of these tests holds a space. */
function read(line: string, environment: Environment = {}, from: Facts = facts): Command {
  return parse(line.split(" ").filter((word) => word !== ""), environment, from);
}

function serve(line: string, environment: Environment = {}): ServeConfig {
  const command = read(line, environment);
  assert.equal(command.kind, "serve");
  return command as ServeConfig;
}

function complaint(line: string, environment: Environment = {}, from: Facts = facts): string {
  try {
    read(line, environment, from);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
  assert.fail(`${line} was accepted`);
}

const defaults: ServeConfig = {
  kind: "serve",
  client: false,
  openBrowser: false,
  serving: {
    models: ["big"],
    split: false,
    tensorSplit: null,
    contextLength: null,
    slots: null,
    draft: null,
    idleUnloadMs: null,
    loadOnRequest: true,
    perModel: {},
    allowSleep: false,
  },
  mesh: {
    join: null,
    leave: false,
    bindPort: null,
    lan: true,
    portMapping: true,
    wideLane: true,
    timings: MESH_TIMINGS,
  },
  api: {
    listen: "127.0.0.1",
    port: 9337,
    consoleListen: "127.0.0.1",
    consolePort: 3131,
    console: true,
    hostNames: [],
    apiKey: null,
    apiKeyFile: null,
    adminKey: null,
    recordPrompts: false,
  },
  engine: { binDir: null, maxVramBytes: null, maxRamBytes: null, devices: null },
  models: { modelsDir: null, hub: { endpoint: "https://huggingface.co", token: null } },
  insecure: false,
  weeklyLook: false,
  dataDir: "/home/ann/.mesh-llm",
  name: "lab-3",
  logFormat: "pretty",
  warnings: [],
};

Deno.test("parse() fills in every default", () => {
  assert.deepEqual(serve("--model big"), defaults);
});

const accepted: [line: string, changed: Changes<ServeConfig>][] = [
  ["--model big --model ./small.gguf", { serving: { models: ["big", "./small.gguf"] } }],
  ["--model big --join abc", { mesh: { join: "abc" } }],
  ["--join abc", { mesh: { join: "abc" }, serving: { models: [] } }],
  ["--join -", { mesh: { join: "-" }, serving: { models: [] } }],
  ["--join @invite", { mesh: { join: "@/srv/here/invite" }, serving: { models: [] } }],
  ["--join abc --leave", { mesh: { join: "abc", leave: true }, serving: { models: [] } }],
  ["--model big --port 0 --console-port 65535", { api: { port: 0, consolePort: 65535 } }],
  ["--model big --port=8080", { api: { port: 8080 } }],
  ["--model big --bind-port 4001", { mesh: { bindPort: 4001 } }],
  ["--model big --no-console", { api: { console: false } }],
  ["--model big --split --tensor-split 3,1", { serving: { split: true, tensorSplit: [3, 1] } }],
  ["--model big --tensor-split 0,0.5", { serving: { tensorSplit: [0, 0.5] } }],
  ["--model big --device CUDA1,Vulkan0", { engine: { devices: ["CUDA1", "Vulkan0"] } }],
  ["--model big --device none", { engine: { devices: [] } }],
  ["--model big --max-vram 8", { engine: { maxVramBytes: 8_000_000_000 } }],
  ["--model big --max-vram 0.05", { engine: { maxVramBytes: 50_000_000 } }],
  ["--model big --max-ram 48", { engine: { maxRamBytes: 48_000_000_000 } }],
  ["--model big --max-ram 0", { engine: { maxRamBytes: 0 } }],
  ["--model big --ctx 4096", { serving: { contextLength: 4096 } }],
  ["--model big --ctx auto", { serving: { contextLength: null } }],
  ["--model big --parallel 2", { serving: { slots: 2 } }],
  ["--model big --bin-dir llama/bin", { engine: { binDir: "/srv/here/llama/bin" } }],
  ["--model big --draft ./d.gguf", { serving: { draft: "/srv/here/d.gguf" } }],
  ["--model big --allow-sleep", { serving: { allowSleep: true } }],
  ["--model big --idle-unload 15m", { serving: { idleUnloadMs: 900_000 } }],
  ["--model big --no-load-on-request", { serving: { loadOnRequest: false } }],
  ["--model big --idle-unload 90s", { serving: { idleUnloadMs: 90_000 } }],
  ["--model big --no-draft", { serving: { draft: false } }],
  ["--model big --models-dir /models", { models: { modelsDir: "/models" } }],
  ["--model big --data-dir ../node", { dataDir: "/srv/node" }],
  ["--model big --name kitchen", { name: "kitchen" }],
  ["--model big --log-format json", { logFormat: "json" }],
  ["--model big --api-key s3cret --listen 0.0.0.0", {
    api: { apiKey: "s3cret", listen: "0.0.0.0" },
  }],
  ["--model big --listen 10.0.0.7 --api-key-file keys.json", {
    api: { listen: "10.0.0.7", apiKeyFile: "/srv/here/keys.json" },
  }],
  ["--model big --host-name GPU.home.arpa. --host-name *.lan --host-name fd00::5", {
    api: { hostNames: ["gpu.home.arpa", "*.lan", "[fd00::5]"] },
  }],
  ["--model big --host-name höhle.lan", { api: { hostNames: ["xn--hhle-5qa.lan"] } }],
  ["--model big --weekly-look", { weeklyLook: true }],
  ["--model big --record-prompts", { api: { recordPrompts: true } }],
  ["--model big --listen 10.0.0.7 --insecure", { api: { listen: "10.0.0.7" }, insecure: true }],
  ["--model big --listen [::1]", { api: { listen: "::1" } }],
  ["--client", { client: true, dataDir: "/home/ann/.mesh-llm/client", serving: { models: [] } }],
  ["--client --data-dir /d", { client: true, dataDir: "/d/client", serving: { models: [] } }],
  ["console", { openBrowser: true, serving: { models: [] } }],
  ["console --model big", { openBrowser: true }],
  ["console --join abc", { openBrowser: true, serving: { models: [] }, mesh: { join: "abc" } }],
  ["--data-dir /d console --port 0", {
    openBrowser: true,
    dataDir: "/d",
    serving: { models: [] },
    api: { port: 0 },
  }],
  ["--log-format json console", { openBrowser: true, logFormat: "json", serving: { models: [] } }],
];

for (const [line, changed] of accepted) {
  Deno.test(`parse() understands "${line}"`, () => {
    assert.deepEqual(serve(line), withChanges(defaults, changed));
  });
}

Deno.test("parse() takes keys and the data directory from the environment, and flags first", () => {
  const environment = {
    MESH_LLM_HOME: "/from/env",
    MESH_LLM_API_KEY: "env-key",
    MESH_LLM_ADMIN_KEY: "admin-key",
  };
  const config = serve("--model big --listen 0.0.0.0 --console-listen 0.0.0.0", environment);
  assert.deepEqual(
    [config.dataDir, config.api.apiKey, config.api.adminKey],
    ["/from/env", "env-key", "admin-key"],
  );
  const told = serve("--model big --api-key flag-key --data-dir /flag", environment);
  assert.deepEqual([told.dataDir, told.api.apiKey], ["/flag", "flag-key"]);
});

Deno.test("parse() takes where models come from out of the variables of Hugging Face's own tools", () => {
  const { models: { hub } } = serve("--model big", {
    HF_ENDPOINT: "https://mirror.example/x",
    HF_TOKEN: "t",
  });
  assert.deepEqual(hub, { endpoint: "https://mirror.example", token: "t" });
  for (const HF_ENDPOINT of ["http://mirror.example", "mirror.example"]) {
    assert.match(complaint("--model big", { HF_ENDPOINT }), /HF_ENDPOINT must be an https URL/);
  }
});

Deno.test("parse() takes an empty variable for none", () => {
  const empty = { MESH_LLM_HOME: "", MESH_LLM_API_KEY: "", MESH_LLM_ADMIN_KEY: "", HF_TOKEN: "" };
  assert.deepEqual(serve("--model big", empty), defaults);
});

const data = { dataDir: "/home/ann/.mesh-llm", json: false };
const ofRelay = { dataDir: "/home/ann/.mesh-llm/relay", json: false };

const others: [line: string, command: Command][] = [
  ["licenses --json", { kind: "licenses", json: true }],
  ["--version", { kind: "version" }],
  ["status", { kind: "status", ...data }],
  ["download org/repo:Q4_K_M --models-dir m", {
    kind: "download",
    model: "org/repo:Q4_K_M",
    modelsDir: "/srv/here/m",
    hub: defaults.models.hub,
    ...data,
  }],
  ["drop org/model", { kind: "drop", model: "org/model", undo: false, ...data }],
  ["drop org/model --undo", { kind: "drop", model: "org/model", undo: true, ...data }],
  ["settings org/model", {
    kind: "settings",
    model: "org/model",
    changes: {},
    reset: false,
    ...data,
  }],
  ["settings m ctx=1 pin=", {
    kind: "settings",
    model: "m",
    changes: { ctx: 1, pin: null },
    reset: false,
    ...data,
  }],
  ["settings m --reset", { kind: "settings", model: "m", changes: {}, reset: true, ...data }],
  ["status --json --data-dir d", { kind: "status", dataDir: "/srv/here/d", json: true }],
  ["--data-dir /d status", { kind: "status", dataDir: "/d", json: false }],
  ["token", {
    kind: "token",
    role: "member",
    name: null,
    mayInvite: null,
    expiresMs: null,
    ...data,
  }],
  ["key make bob --model a --model b", {
    kind: "key-make",
    name: "bob",
    models: ["a", "b"],
    ...data,
  }],
  ["key make bob --json", { kind: "key-make", name: "bob", models: null, ...data, json: true }],
  ["run pi --model big --address 192.168.1.5 -- --print", {
    kind: "run-agent",
    agent: "pi",
    model: "big",
    address: "192.168.1.5",
    exec: false,
    words: ["--print"],
    ...data,
  }],
  ["key list", { kind: "key-list", ...data }],
  ["key remove bob", { kind: "key-remove", name: "bob", ...data }],
  ["relay", {
    kind: "relay",
    name: facts.hostname,
    bindPort: null,
    address: null,
    ...ofRelay,
  }],
  ["relay --bind-port 47001 --address [2001:db8::1] --json", {
    kind: "relay",
    name: facts.hostname,
    bindPort: 47001,
    address: "2001:db8::1",
    ...ofRelay,
    json: true,
  }],
  ["relay claim", { kind: "relay-claim", ...ofRelay }],
  ["relay status --json", { kind: "relay-status", ...ofRelay, json: true }],
  ["relay add relay1_x --name vps", {
    kind: "relay-add",
    claim: "relay1_x",
    name: "vps",
    ...data,
  }],
  ["relay list", { kind: "relay-list", ...data }],
  ["relay remove ID", { kind: "relay-remove", id: "ID", ...data }],
  ["token list", { kind: "token-list", ...data }],
  ["token --json list", { kind: "token-list", ...data, json: true }],
  ["token list --json", { kind: "token-list", ...data, json: true }],
  ["token revoke 00FF00FF00FF00FF", { kind: "token-revoke", id: "00ff00ff00ff00ff", ...data }],
  ["token remove mini", { kind: "token-remove", machine: "mini", yes: false, ...data }],
  ["token remove mini --yes --json", {
    kind: "token-remove",
    machine: "mini",
    yes: true,
    ...data,
    json: true,
  }],
  ["token --expires 7d", {
    kind: "token",
    role: "member",
    name: null,
    mayInvite: null,
    expiresMs: 604_800_000,
    ...data,
  }],
  ["token --role client --name bob --may-invite", {
    kind: "token",
    role: "client",
    name: "bob",
    mayInvite: true,
    expiresMs: null,
    ...data,
  }],
  ["token --no-invite", {
    kind: "token",
    role: "member",
    name: null,
    mayInvite: false,
    expiresMs: null,
    ...data,
  }],
  ["engine install", { kind: "engine-install", from: null, backend: "auto", like: null, ...data }],
  ["engine install --from debian", {
    kind: "engine-install",
    from: "debian",
    backend: "auto",
    like: null,
    ...data,
  }],
  ["engine install --backend vulkan", {
    kind: "engine-install",
    from: null,
    backend: "vulkan",
    like: null,
    ...data,
  }],
  ["engine install --like ann", {
    kind: "engine-install",
    from: null,
    backend: "auto",
    like: "ann",
    ...data,
  }],
  ["engine show --json", { kind: "engine-show", binDir: null, ...data, json: true }],
  ["engine show --bin-dir b", { kind: "engine-show", binDir: "/srv/here/b", ...data }],
];

for (const [line, command] of others) {
  Deno.test(`parse() understands "${line}"`, () => assert.deepEqual(read(line), command));
}

const refused: [line: string, sentence: string][] = [
  ["--modle big", "Unknown option '--modle' (did you mean --model?)"],
  ["console --prot 1", "Unknown option '--prot' (did you mean --port?)"],
  ["--quantum", "Unknown option '--quantum'"],
  ["statsu", 'There is no command "statsu" (did you mean status?)'],
  ["xyzzy", 'There is no command "xyzzy"'],
  ["engine instal", "Unknown command 'instal' (did you mean install?)"],
  ["--model", "Option '--model <name|path>' argument missing"],
  ["--model big --port 99999", '--port must be a port from 0 to 65535: current value is "99999"'],
  ["--port -1", '--port must be a port from 0 to 65535: current value is "-1"'],
  ["--port 80.5", '--port must be a port from 0 to 65535: current value is "80.5"'],
  ["--port NaN", '--port must be a port from 0 to 65535: current value is "NaN"'],
  ["--port 0x50", '--port must be a port from 0 to 65535: current value is "0x50"'],
  ["--port=", '--port must be a port from 0 to 65535: current value is ""'],
  [
    "--device CUDA0,",
    '--device must be names with commas between them, such as CUDA0,CUDA1, or none: current value is "CUDA0,"',
  ],
  [
    "--max-vram -8",
    '--max-vram must be a number of GB above 0, such as 8 or 1.5: current value is "-8"',
  ],
  [
    "--max-vram 8GB",
    '--max-vram must be a number of GB above 0, such as 8 or 1.5: current value is "8GB"',
  ],
  [
    "--max-vram 0",
    '--max-vram must be a number of GB above 0, such as 8 or 1.5: current value is "0"',
  ],
  [
    "--max-vram Infinity",
    '--max-vram must be a number of GB above 0, such as 8 or 1.5: current value is "Infinity"',
  ],
  ["--ctx 0", '--ctx must be a whole number of tokens from 1, or auto: current value is "0"'],
  [
    "--parallel 0",
    '--parallel must be a whole number of requests from 1 to 256, or auto: current value is "0"',
  ],
  ["--ctx 1e4", '--ctx must be a whole number of tokens from 1, or auto: current value is "1e4"'],
  [
    "--tensor-split 1",
    "--tensor-split must be two or more numbers with commas between them, such as 3,1: " +
    'current value is "1"',
  ],
  [
    "--tensor-split 0,0",
    "--tensor-split must be two or more numbers with commas between them, such as 3,1: " +
    'current value is "0,0"',
  ],
  [
    "--tensor-split 1,,2",
    "--tensor-split must be two or more numbers with commas between them, such as 3,1: " +
    'current value is "1,,2"',
  ],
  [
    "--listen 0.0.0.0:80",
    "--listen must be an IP address without a port, such as 0.0.0.0: " +
    'current value is "0.0.0.0:80"',
  ],
  [
    "--model big --listen 0.0.0.0",
    "--listen 0.0.0.0 opens the API to the network: " +
    "set a key with MESH_LLM_API_KEY, --api-key or --api-key-file, make one with key make, or pass --insecure",
  ],
  [
    "--model big --console-listen :: --insecure",
    "--console-listen :: lets the network manage this node: " +
    "set a key for it in MESH_LLM_ADMIN_KEY",
  ],
  [
    "--client --model big",
    "Option '--client' cannot be used with option '--model <name|path>'",
  ],
  ["--client --split", "Option '--client' cannot be used with option '--split'"],
  [
    "--no-console console",
    "The console command opens the page that --no-console leaves out",
  ],
  [
    "--model big --log-format xml",
    "Option '--log-format <format>' argument 'xml' is invalid. Allowed choices are pretty, json",
  ],
  [
    "token --role admin",
    "Option '--role <role>' argument 'admin' is invalid. Allowed choices are member, client",
  ],
  ["token revoke", "Missing required argument 'id'"],
  [
    "token revoke ../../status",
    "The id of an invite must be 16 hexadecimal digits, as token list shows them: " +
    'current value is "../../status"',
  ],
  ...["7", "0d", "1e2d", "9999w", "-1d"].map((time): [string, string] => [
    `token --expires=${time}`,
    "--expires must be a number and a unit, such as 30m, 12h, 7d or 4w: " +
    `current value is ${JSON.stringify(time)}`,
  ]),
  [
    "token --name \x1b",
    '--name must be a name of 1 to 64 printable characters: current value is "\\u001b"',
  ],
  ["--join=", "--join must not be empty"],
  ...["gpu.lan:80", "http://gpu.lan", "*", "*.", "a.*.lan", "*.10.0.0.1", "a..b", ""]
    .map((name): [string, string] => [
      `--host-name=${name}`,
      "--host-name must be a host name without a port, such as gpu.lan or *.lan: " +
      `current value is ${JSON.stringify(name)}`,
    ]),
];

for (const [line, sentence] of refused) {
  Deno.test(`parse() refuses ${JSON.stringify(line)} in one sentence`, () => {
    assert.equal(complaint(line), sentence);
  });
}

Deno.test("parse() keeps a key that it refuses out of the sentence", () => {
  const sentence = complaint("--model big", { MESH_LLM_API_KEY: "two words" });
  assert.equal(
    sentence,
    "MESH_LLM_API_KEY must be one word of letters, digits and signs, without spaces",
  );
});

Deno.test("parse() refuses an operand that a command does not take", () => {
  assert.match(complaint("status now"), /^Too many arguments for 'status'/);
});

Deno.test("parse() asks for a data directory where there is no home", () => {
  const homeless = { ...facts, home: undefined };
  assert.equal(
    complaint("--model big", {}, homeless),
    "There is no home directory to keep files in: name one with --data-dir or MESH_LLM_HOME",
  );
  assert.equal(read("--model big --data-dir /d", {}, homeless).kind, "serve");
});

Deno.test("parse() cuts a host name that is longer than a name may be", () => {
  const command = read("--model big", {}, { ...facts, hostname: "h".repeat(253) });
  assert.equal((command as ServeConfig).name, "h".repeat(64));
});

const services: [line: string, command: Command][] = [
  ["service install", {
    kind: "service-install",
    system: false,
    dataDir: "/home/ann/.mesh-llm",
    user: null,
    json: false,
  }],
  ["service install --data-dir d --json", {
    kind: "service-install",
    system: false,
    dataDir: "/srv/here/d",
    user: null,
    json: true,
  }],
  ["service install --system --user ai", {
    kind: "service-install",
    system: true,
    dataDir: null,
    user: "ai",
    json: false,
  }],
  ["service uninstall --system", { kind: "service-uninstall", system: true, json: false }],
  ["service status --json", { kind: "service-status", system: false, json: true }],
  ["service logs -f", { kind: "service-logs", system: false, json: false, follow: true }],
];

for (const [line, command] of services) {
  Deno.test(`parse() of ${line}`, () => assert.deepEqual(read(line), command));
}

Deno.test("parse() knows no other user for a service of one's own", () => {
  assert.match(complaint("service install --user ai"), /^--user is for --system/);
});

for (const line of ["", "--help", "-h", "help", "--port 8080", "--split"]) {
  Deno.test(`parse() answers "${line}" with the help, since nothing is to be served`, () => {
    const expected = Deno.readTextFileSync(new URL("../help.txt", import.meta.url));
    const command = read(line);
    assert.ok(command.kind === "help");
    assert.equal(command.text, expected);
    // Only a start may become a join instead: who asks for help gets that.
    assert.equal(command.offer?.kind, line.includes("help") || line === "-h" ? undefined : "join");
  });
}

for (
  const [line, mesh, yes] of [
    ["join", null, false],
    ["join studio", "studio", false],
    ["join --yes", null, true],
    ["--yes", null, true],
    ["--yes --model big", null, true],
    ["--yes --log-format json", null, true],
    ["join studio --client", "studio", false],
  ] as const
) {
  Deno.test(`parse() takes "${line}" as the wish to join a mesh of the network`, () => {
    const command = read(line);
    assert.ok(command.kind === "join");
    assert.deepEqual([command.mesh, command.yes], [mesh, yes]);
    assert.equal(command.config.client, line.includes("--client"));
  });
}

Deno.test("parse() refuses an invite beside join, and what is no code", () => {
  assert.match(complaint("join studio --join abc"), /leave --join out/);
  assert.match(complaint("join --no-lan"), /--no-lan leaves alone/);
  assert.match(complaint("pair accept 48291"), /six digits/);
  for (const code of ["482913", "482-913"]) {
    assert.deepEqual(read(`pair accept ${code} --no-invite --json`), {
      kind: "pair-accept",
      dataDir: "/home/ann/.mesh-llm",
      code: "482913",
      role: "member",
      name: null,
      mayInvite: false,
      json: true,
    });
  }
});

const starts: [line: string, last: LastStart, changed: Changes<ServeConfig>][] = [
  ["", { role: "member", models: [] }, { serving: { models: [] } }],
  ["", { role: "member", models: ["big", "/srv/a.gguf"] }, {
    serving: { models: ["big", "/srv/a.gguf"] },
  }],
  ["--port 0", { role: "member", models: ["small"] }, {
    serving: { models: ["small"] },
    api: { port: 0 },
  }],
  ["--model big", { role: "member", models: ["small"] }, {}],
  ["--join abc", { role: "member", models: ["small"] }, {
    serving: { models: [] },
    mesh: { join: "abc" },
  }],
  ["", { role: "client", models: [] }, {
    serving: { models: [] },
    client: true,
    dataDir: "/home/ann/.mesh-llm/client",
  }],
];

for (const [line, last, changed] of starts) {
  Deno.test(`parse() of "${line}" means the last start again: ${JSON.stringify(last)}`, () => {
    const asked: string[] = [];
    const readLastStart = (dataDir: string) => (asked.push(dataDir), last);
    assert.deepEqual(read(line, {}, { ...facts, readLastStart }), withChanges(defaults, changed));
    assert.ok(asked.every((dataDir) => dataDir === "/home/ann/.mesh-llm"));
  });
}

Deno.test("parse() refuses a start of nothing where a supervisor reads the log", () => {
  assert.throws(() => read("--log-format json"), NothingToServeError);
});

for (const line of ["console --help", "help token", "help token list", "engine", "engine --help"]) {
  Deno.test(`parse() answers "${line}" with the help of that command`, () => {
    const command = read(line);
    const words = line.replace(/help|--/g, "").trim();
    assert.equal(command.kind, "help");
    assert.ok(command.kind === "help" && command.text.startsWith(`Usage: mesh-llm ${words}`));
  });
}

/** Every command that can be typed, with those below it. */
function commandLines(command = createProgram({} as Actions, QUIET), words = ""): string[] {
  const below = command.createHelp().visibleCommands(command).filter((sub) =>
    sub.name() !== "help"
  );
  return below.flatMap((sub) => {
    const line = `${words} ${sub.name()}`.trim();
    return [line, ...commandLines(sub, line)];
  });
}

const QUIET = { write: () => {}, prepare: () => {} };

for (const line of commandLines()) {
  Deno.test(`the help of ${line} fits 80 columns, and shows how it is used`, () => {
    const command = read(`${line} --help`);
    assert.ok(command.kind === "help");
    for (const text of command.text.split("\n")) assert.ok(text.length <= 80, text);
    const isGroup = /\nCommands:\n/.test(command.text) &&
      !/\nOptions:\n.*--json/s.test(command.text);
    assert.ok(isGroup || command.text.includes(`\nExamples:\n  `), command.text);
  });
}

Deno.test("parse() answers anything with a command or a sentence", () => {
  const word = fc.oneof(
    fc.constantFrom("--model", "--port", "--join", "console", "token", "--client", "engine", "0"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 5 }), (argv) => {
    try {
      assert.ok(parse(argv, {}, facts).kind);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      assert.doesNotMatch(error.message, /^error|\n/);
    }
  }));
});

Deno.test("a key that was made in the console opens --listen as one of the command line does", () => {
  const asked: string[] = [];
  const hasMadeKeys = (dataDir: string) => (asked.push(dataDir), true);
  for (const line of ["--model big --listen 0.0.0.0", "--client --join TOKEN --listen ::"]) {
    const command = read(line, {}, { ...facts, hasMadeKeys });
    assert.equal(command.kind, "serve");
  }
  assert.deepEqual(asked.map((path) => path.split("/").at(-1)), [".mesh-llm", "client"]);
});
