/** The executable as a service of a real systemd of a user, with a real journal. */

import assert from "node:assert/strict";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { ServiceStatus } from "../../src/cli/commands/service/service.ts";
import { compiledProgram } from "../support/compiled.ts";
import { exists } from "../support/debian.ts";
import { testBinDir } from "../support/engine.ts";
import { type Outcome, temporaryFolder } from "../support/program.ts";
import { startUserSystemd, type UserSystemd, whyNoUserSystemd } from "../support/systemd.ts";
import { laterVersion, writeVariant } from "../support/variant.ts";
import { answerTo } from "./mesh_of_nodes.ts";
import { onceItWaits, slowQuestion } from "./slow_question.ts";

const compiled = await compiledProgram();
const reason = compiled.path === null ? compiled.reason : await whyNoUserSystemd();

function serviceTest(name: string, fn: (service: Service) => Promise<void>): void {
  Deno.test({
    name: reason === null ? name : `${name} (${reason})`,
    ignore: reason !== null,
    fn: async () => {
      await using folder = await temporaryFolder();
      await using systemd = await startUserSystemd();
      // systemd reads paths by rules of its own.
      const bin = join(folder.path, "100% $HOME (my) apps");
      await Deno.mkdir(bin);
      const path = join(bin, "mesh-llm");
      await Deno.copyFile(compiled.path!, path);
      await fn(new Service(systemd, path, join(systemd.home, "it's 100% $HOME")));
    },
  });
}

class Service {
  readonly unit: string;

  constructor(
    readonly systemd: UserSystemd,
    readonly executable: string,
    readonly dataDir: string,
  ) {
    this.unit = join(systemd.home, ".config/systemd/user/mesh-llm.service");
  }

  ask(...words: string[]): Promise<Outcome> {
    return this.systemd.run([this.executable, "service", ...words]);
  }

  install(...words: string[]): Promise<Outcome> {
    return this.ask("install", "--data-dir", this.dataDir, ...words);
  }

  /** Of the node that runs. */
  async api(): Promise<string> {
    return JSON.parse(await Deno.readTextFile(join(this.dataDir, "node.json"))).api;
  }

  rollBack(...words: string[]): Promise<Outcome> {
    return this.systemd.run(this.#rollback(words));
  }

  /** The same, interrupted once it waits for an answer. */
  async rollBackInterrupted(): Promise<string> {
    const child = this.systemd.start(this.#rollback(["--json"]));
    const end = await onceItWaits(child);
    child.kill("SIGINT");
    return await end();
  }

  #rollback(words: readonly string[]): string[] {
    return [this.executable, "update", "--rollback", "--data-dir", this.dataDir, ...words];
  }

  async configure(text: string): Promise<void> {
    await Deno.mkdir(this.dataDir, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(join(this.dataDir, "config.toml"), text, { mode: 0o600 });
  }

  async status(): Promise<ServiceStatus> {
    const { stdout, stderr } = await this.ask("status", "--json");
    assert.equal(stderr, "");
    return JSON.parse(stdout);
  }

  /** Looks until it is so: systemd tells nobody. */
  async until(isSo: (status: ServiceStatus) => boolean): Promise<ServiceStatus> {
    const limit = AbortSignal.timeout(60_000);
    while (true) {
      const status = await this.status();
      if (isSo(status)) return status;
      assert.ok(!limit.aborted, JSON.stringify(status));
    }
  }

  /** All that systemd may have of it. */
  async leftovers(): Promise<string[]> {
    const folder = join(this.systemd.home, ".config/systemd/user");
    const found = await this.systemd.run(["find", folder, "-name", "*mesh-llm*"]);
    const units = await this.systemd.run(
      ["systemctl", "--user", "list-units", "--all", "--plain", "--no-legend", "mesh-llm.service"],
    );
    return [found.stdout, units.stdout].filter((text) => text !== "");
  }
}

serviceTest(
  "a service runs, comes back after kill -9, ends in order, and leaves nothing",
  async (service) => {
    const empty = await service.install();
    assert.equal(empty.code, 1);
    assert.match(
      empty.stderr,
      /^mesh-llm: The service would have nothing to do: .*config\.toml names no model/,
    );
    assert.deepEqual(await service.leftovers(), []);

    const ports = "port = 0\nconsole-port = 0\nno-lan = true\nno-port-mapping = true\n";
    await service.configure(`model = "guide"\nbin-dir = "${await testBinDir()}"\n${ports}`);
    const installed = await service.install();
    assert.deepEqual([installed.code, installed.stderr], [0, ""], installed.stdout);
    assert.match(
      installed.stdout,
      /^The service runs with pid \d+, by .*\nIt runs while you are logged in/,
    );
    const first = await service.status();
    const { pid } = first;
    assert.deepEqual({ ...first, pid: 0 }, {
      installed: true,
      system: false,
      file: service.unit,
      state: "running",
      pid: 0,
      restarts: 0,
      exitCode: null,
      untilShutdown: false,
    });

    await service.systemd.run(["kill", "-9", String(pid)]);
    const second = await service.until(({ state, pid: now }) => state === "running" && now !== pid);
    assert.equal(second.restarts, 1);

    // A kept executable of another version, which a rollback puts in its place as an update does.
    const [own, other] = [manifest.version, laterVersion(9)];
    await writeVariant(service.executable, `${service.executable}.previous`, { version: other });
    const runs = ({ pid }: ServiceStatus) => Deno.readLink(`/proc/${pid}/exe`);
    const left = await service.rollBack("--no-restart");
    assert.deepEqual([left.code, left.stderr], [0, ""]);
    assert.match(
      left.stdout,
      /goes on with mesh-llm \S+, by pid \d+: systemctl --user restart mesh-llm\.service starts it anew\n$/,
    );
    assert.match(await runs(second), / \(deleted\)$/);
    const again = await service.install("--json");
    assert.equal(again.code, 0, again.stderr);
    const third: ServiceStatus = JSON.parse(again.stdout);
    assert.equal(third.state, "running");
    assert.notEqual(third.pid, second.pid);
    assert.equal(await runs(third), service.executable);

    const question = await slowQuestion(await service.api());
    assert.deepEqual(JSON.parse(await service.rollBackInterrupted()), {
      from: other,
      to: own,
      services: [{ system: false, outcome: "left" }],
    });
    assert.equal((await service.status()).pid, third.pid);
    assert.equal(await question.answer(), answerTo("hello"));

    const stopped = await service.systemd.run(
      [service.executable, "stop", "--data-dir", service.dataDir],
    );
    assert.equal(stopped.code, 0, stopped.stderr);
    await service.until(({ state }) => state === "stopped");

    const logs = await service.ask("logs");
    assert.match(logs.stdout, /mesh-llm is running[^]*mesh-llm is running/, logs.stderr);
    // Others may read the journal.
    assert.doesNotMatch(logs.stdout, /mesh1_|sign-in/);
    const [line] = (await service.ask("logs", "--json")).stdout.split("\n");
    assert.deepEqual(Object.keys(JSON.parse(line!)), ["time", "line"]);

    const removed = await service.ask("uninstall");
    assert.deepEqual([removed.code, removed.stderr], [0, ""]);
    assert.match(removed.stdout, /^The service has ended, and .* is removed\n$/);
    assert.deepEqual(await service.leftovers(), []);
    assert.equal((await service.ask("uninstall")).stdout, "There is no service to remove\n");
    assert.ok(await exists(join(service.dataDir, "identity.json")));
  },
);

serviceTest(
  "a service that can't start says so, and one of somebody else's is left alone",
  async (service) => {
    await service.configure('model = "guide"\nbin-dir = "/nowhere"\n');
    const { code, stderr } = await service.install();
    assert.equal(code, 1);
    assert.match(stderr, /its node does not stay \(exit code 1\): mesh-llm service logs says why/);
    const { restarts } = await service.until(({ state }) => state === "restarting");
    assert.equal(typeof restarts, "number");
    assert.match((await service.ask("logs")).stdout, /nowhere/);
    assert.equal((await service.ask("uninstall")).code, 0);
    assert.deepEqual(await service.leftovers(), []);

    await Deno.writeTextFile(service.unit, "[Service]\nExecStart=/bin/true\n");
    for (const words of [["install", "--data-dir", service.dataDir], ["uninstall"], ["status"]]) {
      const refused = await service.ask(...words);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /mesh-llm service install has not made it/);
    }
  },
);
