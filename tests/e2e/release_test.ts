/** From a tag to a service that is updated under requests and removed, all as a person does it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { faultsOfStart } from "../../scripts/release/start.ts";
import type { ServiceStatus } from "../../src/cli/commands/service/service.ts";
import { baseExecutable, compiledProgram } from "../support/compiled.ts";
import { testBinDir } from "../support/engine.ts";
import { type Outcome, temporaryFolder } from "../support/program.ts";
import { ReleasePage } from "../support/release_page.ts";
import { makeRelease } from "../support/releases.ts";
import { startUserSystemd, type UserSystemd, whyNoUserSystemd } from "../support/systemd.ts";
import { releaseByTag, type TaggedRelease } from "../support/tagged_release.ts";
import { laterVersion, writeVariant } from "../support/variant.ts";
import { keepAsking, type Requests } from "./constant_requests.ts";
import { answerTo, startServing, until, warm } from "./mesh_of_nodes.ts";
import { onceItWaits, slowQuestion } from "./slow_question.ts";

const compiled = await compiledProgram();
const reason = compiled.path === null ? compiled.reason : await whyNoUserSystemd();
const NAME = "a tag becomes a release, which is installed, is a service, is updated, and goes";

Deno.test({
  name: reason === null ? NAME : `${NAME} (${reason})`,
  ignore: reason !== null,
  fn: async () => {
    await using folder = await temporaryFolder();
    await using page = new ReleasePage();
    const { path: base } = await baseExecutable();
    const { repository } = page;
    const release = await releaseByTag(folder.path, { repository, base });
    const { version: old, executable } = release;
    assert.deepEqual(await faultsOfStart(executable, "9.9.9"), [
      `--version answers "${old}", not 9.9.9`,
    ]);
    page.publish(old, release.files);
    await using systemd = await startUserSystemd();
    const user = new User(systemd, page);
    await user.installs();
    const service = await user.serves();
    await using client = await startServing(
      ["--client", "--join", (await user.runs("token")).trim()],
      { compiled: user.executable, cwd: folder.path },
    );
    await until(client, "warm", warm("guide"));
    const requests = keepAsking([client], ["guide"]);
    await requests.cycle();

    const next = laterVersion(2);
    await publishNext(page, release, { folder: folder.path, next });
    assert.deepEqual(JSON.parse(await user.updates("--check", "--json")), {
      current: old,
      found: next,
      isNewer: true,
    });
    assert.match(
      await user.updates("--no-restart"),
      new RegExp(
        `^mesh-llm ${next} is in place\\. mesh-llm ${old} is kept: .*\\n` +
          `The service goes on with mesh-llm ${old}, by pid ${service.pid}: systemctl --user restart .*\\n$`,
      ),
    );
    await requests.cycle();
    await lostNothing(requests);
    // Somebody who thinks that it was not done yet has the service's new start by it, after its answers.
    const question = await slowQuestion(await user.api());
    const restarted = await onceItWaits(systemd.start(user.update()));
    assert.equal(await question.answer(), answerTo("hello"));
    await untilGone(service.pid!);
    const meanwhile = keepAsking([client], ["guide"]);
    assert.match(
      await restarted(),
      new RegExp(`^This is mesh-llm ${next} already\\nThe service runs the new version, with pid`),
    );
    await meanwhile.cycle();
    await lostNothing(meanwhile);
    const { pid } = await user.status();
    assert.notEqual(pid, service.pid);
    assert.equal(await user.updates(), `This is mesh-llm ${next} already\n`);
    assert.equal((await user.status()).pid, pid);
    assert.equal(
      await user.updates("--data-dir", client.dataDir),
      `This is mesh-llm ${next} already\n` +
        `The node with pid ${client.pid} goes on with mesh-llm ${old} until it is started anew\n`,
    );
    assert.match(await user.runs("service", "uninstall"), /^The service has ended, and /);
    await user.installer("--uninstall --purge --yes");
    const left = await systemd.run(["find", systemd.home, "-name", "*mesh-llm*"]);
    assert.equal(left.stdout, "");
  },
});

async function lostNothing(requests: Requests): Promise<void> {
  const { answered, failures } = await requests.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > 0);
}

/** systemd tells nobody. */
async function untilGone(pid: number): Promise<void> {
  while (await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) await pause(20);
}

/** The same executable under a later version, signed with the same key. */
async function publishNext(
  page: ReleasePage,
  { executable, key, files }: TaggedRelease,
  { folder, next }: { readonly folder: string; readonly next: string },
): Promise<void> {
  const later = join(folder, next);
  await writeVariant(executable, later, { version: next });
  const made = join(folder, `release-${next}`);
  await makeRelease(made, next, { key, executable: later });
  const entries = await Array.fromAsync(Deno.readDir(made));
  const own = entries.map(({ name }) => [name, join(made, name)] as const);
  page.publish(next, new Map([...files, ...own]));
}

/** Somebody with an empty home and a systemd of their own. */
class User {
  readonly executable: string;

  constructor(readonly systemd: UserSystemd, readonly page: ReleasePage) {
    this.executable = join(systemd.home, ".local/bin/mesh-llm");
  }

  /** The line of docs/install.md. */
  async installer(options = ""): Promise<string> {
    const url = `${this.page.repository}/releases/latest/download/install.sh`;
    const line = `curl -fsSL ${url} | dash -s -- ${options}`;
    return whole(await this.systemd.run(["bash", "-o", "pipefail", "-c", line]));
  }

  async installs(): Promise<void> {
    assert.match(await this.installer(), /^Installing mesh-llm [^]* is installed\n/);
  }

  async runs(...words: string[]): Promise<string> {
    return whole(await this.systemd.run([this.executable, ...words]));
  }

  /** An executable of a release looks at public addresses only, unless it is told. */
  update(...words: string[]): string[] {
    const from = `${this.page.repository}/releases`;
    return [this.executable, "update", "--from", from, ...words];
  }

  async updates(...words: string[]): Promise<string> {
    return whole(await this.systemd.run(this.update(...words)));
  }

  /** Of the node that runs. */
  async api(): Promise<string> {
    return JSON.parse(await Deno.readTextFile(join(this.#data, "node.json"))).api;
  }

  get #data(): string {
    return join(this.systemd.home, ".mesh-llm");
  }

  async status(): Promise<ServiceStatus> {
    return JSON.parse(await this.runs("service", "status", "--json"));
  }

  async serves(): Promise<ServiceStatus> {
    const ports = "port = 0\nconsole-port = 0\nno-lan = true\nno-port-mapping = true\n";
    const text = `model = "guide"\nbin-dir = "${await testBinDir()}"\n${ports}`;
    await Deno.mkdir(this.#data, { mode: 0o700 });
    await Deno.writeTextFile(join(this.#data, "config.toml"), text, { mode: 0o600 });
    assert.match(await this.runs("service", "install"), /^The service runs with pid \d+/);
    return await this.status();
  }
}

/** The progress goes to standard error. */
function whole({ code, stdout, stderr }: Outcome): string {
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}
