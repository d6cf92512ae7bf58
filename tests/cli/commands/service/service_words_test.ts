import assert from "node:assert/strict";
import { join } from "node:path";
import { leftOutOf, serviceEnvironment } from "../../../../src/cli/commands/service/plan.ts";
import type { ServiceStatus } from "../../../../src/cli/commands/service/service.ts";
import { stablePath } from "../../../../src/cli/commands/service/stable_path.ts";
import { statusText } from "../../../../src/cli/commands/service/status_text.ts";
import {
  propertiesOf,
  stateOf,
  unitFolder,
} from "../../../../src/cli/commands/service/systemd_words.ts";
import { temporaryFolder } from "../../../support/program.ts";

Deno.test("serviceEnvironment() takes what finds files and devices, and no secret", () => {
  const environment = {
    PATH: "/usr/bin",
    HF_HOME: "/models/hf",
    HF_TOKEN: "hf_1",
    MESH_LLM_JOIN: "mesh1_x",
    https_proxy: "http://proxy:3128",
    HTTP_PROXY: "http://ann:secret@proxy:3128",
    LLAMA_CACHE: "",
    OLLAMA_MODELS: "/a\nExecStart=/bin/evil",
    EDITOR: "vi",
  };
  assert.deepEqual(serviceEnvironment(environment), {
    PATH: "/usr/bin",
    HF_HOME: "/models/hf",
    HTTPS_PROXY: "http://proxy:3128",
    MESH_LLM_SERVICE: "1",
  });
  assert.deepEqual(leftOutOf(environment), ["MESH_LLM_JOIN", "HF_TOKEN", "HTTP_PROXY"]);
});

const states = [
  ["active", "running", "running"],
  ["activating", "auto-restart", "restarting"],
  ["activating", "auto-restart-queued", "restarting"],
  ["activating", "start", "starting"],
  ["deactivating", "stop-sigterm", "stopping"],
  ["failed", "failed", "failed"],
  ["inactive", "dead", "stopped"],
] as const;

for (const [active, sub, expected] of states) {
  Deno.test(`stateOf() of ${active} and ${sub} is ${expected}`, () => {
    assert.equal(stateOf(propertiesOf(`ActiveState=${active}\nSubState=${sub}\n`)), expected);
  });
}

Deno.test("unitFolder() is the user's own, and not systemd's", () => {
  const path = "/home/ann/.config/systemd/user.control /run/user/7/systemd/user.control " +
    "/run/user/7/systemd/transient /home/ann/.config/systemd/user /etc/systemd/user " +
    "/home/ann/.local/share/systemd/user /usr/lib/systemd/user";
  assert.equal(unitFolder(path), "/home/ann/.config/systemd/user");
  assert.equal(unitFolder(""), undefined);
});

Deno.test("stablePath() is the link that the next version takes over", async () => {
  await using folder = await temporaryFolder();
  const [cellar, bin] = [join(folder.path, "0.1.0"), join(folder.path, "bin")];
  for (const path of [cellar, bin]) await Deno.mkdir(path);
  const executable = await Deno.realPath(cellar).then((path) => join(path, "mesh-llm"));
  await Deno.writeTextFile(executable, "");
  const path = `bin:${folder.path}:${bin}`;
  assert.equal(await stablePath(executable, path), executable);
  await Deno.symlink(executable, join(bin, "mesh-llm"));
  assert.equal(await stablePath(executable, path), join(bin, "mesh-llm"));
  assert.equal(await stablePath("/elsewhere/mesh-llm", path), "/elsewhere/mesh-llm");
});

const status: ServiceStatus = {
  installed: true,
  system: false,
  file: "/u/mesh-llm.service",
  state: "running",
  pid: 7,
  restarts: 0,
  exitCode: null,
  untilShutdown: true,
};

for (
  const [change, expected] of [
    [{}, /^The service runs with pid 7, by \/u\/mesh-llm\.service\nIt runs from the boot on/],
    [{ restarts: 2 }, /^The service runs with pid 7; it was started again 2 times, /],
    [{ untilShutdown: false }, /^It runs while you are logged in\.$.*loginctl enable-linger$/ms],
    [{ state: "restarting", exitCode: 1 }, /ended with code 1 and is started again soon/],
    [{ state: "failed", exitCode: 2 }, /ended with code 2 and is not started again/],
    [{ state: null, installed: false }, /^There is no service: mesh-llm service install\n$/],
  ] as const
) {
  Deno.test(`statusText() says it of ${JSON.stringify(change)}`, () => {
    assert.match(statusText({ ...status, ...change }), expected);
  });
}
