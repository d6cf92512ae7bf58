import assert from "node:assert/strict";
import { basename, join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import type { SigningKey } from "../../../scripts/release/signing.ts";
import { fromRoot } from "../../../scripts/run.ts";
import { RELEASE_KEY } from "../../../src/cli/update/release_key.ts";
import { hasTool } from "../../support/debian.ts";
import { OTHER_USER, otherUserTest } from "../../support/other_user.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/program.ts";
import {
  makeRelease,
  releaseFaults,
  releaseServer,
  signedSums,
  testKey,
} from "../../support/releases.ts";
import { smallDisk, whyNoMounts } from "../../support/small_disk.ts";

const key = await testKey();
const FAULTS = releaseFaults("1.1.0");

/** Packing takes GNU tar. The script itself has no other parts on macOS. */
const linuxTest = Deno.build.os === "linux" ? Deno.test : Deno.test.ignore;

interface Installed {
  readonly code: number;
  readonly text: string;
}

interface RunOptions {
  readonly home: string;
  readonly env?: Record<string, string>;
  readonly uid?: number;
}

/** install.sh with a key of the test in its place. */
async function script(folder: string, by: SigningKey = key): Promise<string> {
  const path = join(folder, "install.sh");
  const text = await Deno.readTextFile(fromRoot("install.sh"));
  await Deno.writeTextFile(path, text.replaceAll(RELEASE_KEY, by.publicKey));
  return path;
}

function command(path: string, args: readonly string[], options: RunOptions): Deno.Command {
  const { home, env = {}, uid } = options;
  return new Deno.Command("dash", {
    args: [path, ...args],
    env: { HOME: home, PATH: Deno.env.get("PATH") ?? "", ...env },
    clearEnv: true,
    cwd: "/",
    stdin: "null",
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
}

async function install(
  path: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Installed> {
  const { code, stdout, stderr } = await command(path, args, options).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { code, text };
}

/** The version that is installed, by itself; `null` for none. */
async function installedVersion(home: string, name = "mesh-llm"): Promise<string | null> {
  const program = join(home, ".local/bin", name);
  if (!await Deno.stat(program).then(() => true, () => false)) return null;
  const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Every path below a folder, also the hidden ones. */
async function pathsBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    found.push(name);
    if (isDirectory) {
      found.push(...(await pathsBelow(join(folder, name))).map((path) => `${name}/${path}`));
    }
  }
  return found.sort();
}

interface World extends AsyncDisposable {
  readonly home: string;
  readonly script: string;
  readonly releases: ReadonlyMap<string, string>;
}

/** Releases 1.0.0 and 1.1.0, an empty home and the script. */
async function world(): Promise<World> {
  const folder: TemporaryFolder = await temporaryFolder();
  const releases = new Map<string, string>();
  for (const version of ["1.0.0", "1.1.0"]) {
    const path = join(folder.path, version);
    await makeRelease(path, version, { key });
    releases.set(version, path);
  }
  const home = join(folder.path, "home");
  await Deno.mkdir(home);
  return {
    home,
    script: await script(folder.path),
    releases,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("install.sh has the address of package.json and the key of the executable", async () => {
  const text = await Deno.readTextFile(fromRoot("install.sh"));
  assert.match(text, new RegExp(`^REPOSITORY="${manifest.repository}"$`, "m"));
  assert.match(text, new RegExp(`^RELEASE_KEY="${RELEASE_KEY}"$`, "m"));
});

linuxTest("install.sh is clean to shellcheck, and dash reads it", async () => {
  assert.ok(await hasTool("shellcheck", "--version"));
  const args = ["--shell=sh", fromRoot("install.sh")];
  const found = await new Deno.Command("shellcheck", { args }).output();
  assert.equal(new TextDecoder().decode(found.stdout), "");
  assert.equal(found.code, 0);
});

linuxTest(
  "install.sh installs the latest, a named version, and the latest again; it tells the PATH",
  async () => {
    await using here = await world();
    const { home } = here;
    await using server = await releaseServer(here.releases, "1.1.0");
    const from = ["--from", server.url.href];
    const first = await install(here.script, from, { home });
    assert.equal(first.code, 0, first.text);
    assert.equal(await installedVersion(home), "1.1.0");
    assert.match(first.text, /is not on your PATH/);
    assert.deepEqual(await pathsBelow(join(home, ".local")), [
      "bin",
      "bin/mesh-llm",
      "share",
      "share/bash-completion",
      "share/bash-completion/completions",
      "share/bash-completion/completions/mesh-llm",
      "share/fish",
      "share/fish/vendor_completions.d",
      "share/fish/vendor_completions.d/mesh-llm.fish",
      "share/zsh",
      "share/zsh/site-functions",
      "share/zsh/site-functions/_mesh-llm",
    ]);
    const env = { PATH: `${join(home, ".local/bin")}:${Deno.env.get("PATH")}` };
    const older = await install(here.script, [...from, "--version", "v1.0.0"], { home, env });
    assert.equal(older.code, 0, older.text);
    assert.doesNotMatch(older.text, /PATH/);
    assert.equal(await installedVersion(home), "1.0.0");
    assert.equal(await installedVersion(home, "mesh-llm.previous"), "1.1.0");
    // Once more the same is no former version.
    for (let times = 0; times < 2; times++) await install(here.script, from, { home, env });
    assert.equal(await installedVersion(home, "mesh-llm.previous"), "1.0.0");
  },
);

linuxTest("install.sh installs from a folder, with wget, and into a prefix", async () => {
  await using here = await world();
  const { home } = here;
  const prefix = join(home, "a prefix");
  const from = here.releases.get("1.1.0")!;
  const offline = await install(here.script, ["--from", from, "--prefix", prefix], { home });
  assert.equal(offline.code, 0, offline.text);
  assert.deepEqual((await pathsBelow(prefix)).slice(0, 2), ["bin", "bin/mesh-llm"]);
  await using server = await releaseServer(here.releases, "1.1.0");
  const tools = await pathWithout(home, ["curl"]);
  const env = { PATH: tools };
  const byWget = await install(here.script, ["--from", server.url.href], { home, env });
  assert.equal(byWget.code, 0, byWget.text);
  assert.equal(await installedVersion(home), "1.1.0");
});

/** A folder with the commands of this machine but these. */
async function pathWithout(folder: string, left: readonly string[]): Promise<string> {
  const path = join(folder, "tools");
  await Deno.mkdir(path);
  const commands =
    "sh dash uname ldd grep awk head mkdir rm mv cp ln tar gzip cut sha256sum sort rmdir " +
    "openssl curl wget sed cat";
  for (const name of commands.split(" ").filter((one) => !left.includes(one))) {
    for (const place of ["/bin", "/usr/bin", "/usr/local/bin"]) {
      const isThere = await Deno.stat(join(place, name)).then(() => true, () => false);
      if (isThere) await Deno.symlink(join(place, name), join(path, name)).catch(() => {});
    }
  }
  return path;
}

/** The word about each fault of a server. */
const TOLD: Readonly<Record<keyof typeof FAULTS, RegExp>> = {
  "another archive": /is not what the release lists/,
  "an archive that is cut short": /Could not get mesh-llm-1\.1\.0/,
  "a cut archive that claims to be whole": /is not what the release lists/,
  "no archive": /Could not get mesh-llm-1\.1\.0/,
  "another list": /signature of the release is not mesh-llm's/,
  "an endless list": /signature of the release is not mesh-llm's/,
  "no list": /Could not get the list/,
  "another signature": /signature of the release is not mesh-llm's/,
  "a short signature": /signature of the release is not mesh-llm's/,
  "an empty signature": /signature of the release is not mesh-llm's/,
  "no signature": /There is no signature of the release/,
};

linuxTest(
  "install.sh leaves what was there, and nothing of its own, whatever the server does",
  async () => {
    await using here = await world();
    const { home } = here;
    const old = here.releases.get("1.0.0")!;
    for (const before of [null, "1.0.0"]) {
      if (before !== null) await install(here.script, ["--from", old], { home });
      const paths = await pathsBelow(home);
      for (const [name, told] of Object.entries(TOLD)) {
        await using server = await releaseServer(
          here.releases,
          "1.1.0",
          FAULTS[name as keyof typeof FAULTS],
        );
        const { code, text } = await install(here.script, ["--from", server.url.href], { home });
        assert.equal(code, 1, name);
        assert.match(text, told, name);
        assert.equal(await installedVersion(home), before, name);
        assert.deepEqual(await pathsBelow(home), paths, name);
      }
    }
  },
);

linuxTest(
  "install.sh refuses a release of another key, a downgrade without a word, and what does not run here",
  async () => {
    await using here = await world();
    const { home } = here;
    const [old, latest] = [here.releases.get("1.0.0")!, here.releases.get("1.1.0")!];
    await install(here.script, ["--from", latest], { home });
    await using server = await releaseServer(here.releases, "1.0.0");
    const downgrade = await install(here.script, ["--from", server.url.href], { home });
    assert.match(downgrade.text, /1\.1\.0 is installed, and the latest here is 1\.0\.0/);
    await signedSums(old, await testKey());
    const foreign = await install(here.script, ["--from", old], { home });
    assert.match(foreign.text, /is not mesh-llm's/);
    const broken = join(home, "broken");
    await makeRelease(broken, "1.2.0", { key, answer: "GLIBC_2.99 not found" });
    const failing = await install(here.script, ["--from", broken], { home });
    assert.match(failing.text, /1\.2\.0 does not run here.*GLIBC_2\.99 not found/);
    assert.equal(await installedVersion(home), "1.1.0");
    const unset = await install(fromRoot("install.sh"), ["--from", latest], { home });
    assert.match(
      unset.text,
      RELEASE_KEY.startsWith("no-") ? /nobody has released/ : /not mesh-llm's/,
    );
  },
);

linuxTest(
  "install.sh does without OpenSSL, and says that the checksum is all that it checked",
  async () => {
    await using here = await world();
    const { home } = here;
    const env = { PATH: await pathWithout(home, ["openssl"]) };
    const from = here.releases.get("1.1.0")!;
    const { code, text } = await install(here.script, ["--from", from], { home, env });
    assert.equal(code, 0, text);
    assert.match(text, /The signature is not checked/);
  },
);

linuxTest(
  "install.sh fails in a sentence where nobody answers, and words that are none of its options",
  async () => {
    await using here = await world();
    const { home } = here;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const cases: [args: string[], told: RegExp][] = [
      [["--from", `http://127.0.0.1:${port}`], /Could not get the list of the release from http/],
      [["--from", join(home, "nowhere")], /Could not get the list of the release from \//],
      [["--version", "../../etc"], /is no version/],
      [["--version"], /--version needs a value/],
      [["--purge"], /goes with --uninstall only/],
      [["--verison", "1"], /There is no option --verison/],
    ];
    for (const [args, told] of cases) {
      const { code, text } = await install(here.script, args, { home });
      assert.equal(code, 1, text);
      assert.match(text, told);
      assert.deepEqual(await pathsBelow(home), []);
    }
  },
);

linuxTest("install.sh asks a proxy, and no server beside it", async () => {
  await using here = await world();
  const { home } = here;
  // A proxy for http is asked for the whole address.
  await using server = await releaseServer(here.releases, "1.1.0");
  await using proxy = await proxyTo(server.port);
  const env = { http_proxy: proxy.url };
  const from = "http://releases.example.com/mesh-llm";
  const { code, text } = await install(here.script, ["--from", from], { home, env });
  assert.equal(code, 0, text);
  assert.equal(proxy.asked.length, 3);
  assert.ok(proxy.asked.every((url) => url.startsWith(from)));
});

/** A proxy that gets the path of whatever it is asked for from a port of this machine. */
function proxyTo(port: number): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    asked.push(request.url);
    const path = new URL(request.url).pathname.replace("/mesh-llm", "");
    return fetch(`http://127.0.0.1:${port}${path}`);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return Promise.resolve({ url, asked, [Symbol.asyncDispose]: () => server.shutdown() });
}

otherUserTest("install.sh says where it may not write, and leaves nothing there", async () => {
  await using here = await world();
  for (const path of [here.home, here.releases.get("1.1.0")!, join(here.home, "..")]) {
    await Deno.chmod(path, 0o755);
  }
  const { home } = here;
  const args = ["--from", here.releases.get("1.1.0")!];
  const { code, text } = await install(here.script, args, { home, uid: OTHER_USER });
  assert.equal(code, 1);
  assert.match(text, /Cannot make .*\.local\/bin: name another folder with --prefix/);
  await Deno.mkdir(join(home, ".local/bin"), { recursive: true });
  const second = await install(here.script, args, { home, uid: OTHER_USER });
  assert.match(second.text, /Cannot write to .*\.local\/bin/);
  assert.deepEqual(await pathsBelow(home), [".local", ".local/bin"]);
});

const noMounts = await whyNoMounts();

Deno.test({
  name: "install.sh on a full disk leaves the installed version and nothing of its own" +
    (noMounts === null ? "" : ` (${noMounts})`),
  ignore: noMounts !== null,
  fn: async () => {
    await using here = await world();
    await using disk = await smallDisk("size=1500k");
    const home = disk.path;
    const first = await install(here.script, ["--from", here.releases.get("1.0.0")!], { home });
    assert.equal(first.code, 0, first.text);
    await disk.fill();
    const paths = await pathsBelow(home);
    const args = ["--from", here.releases.get("1.1.0")!];
    const { code, text } = await install(here.script, args, { home });
    assert.equal(code, 1);
    assert.match(text, /nothing was installed|Cannot write to/);
    assert.deepEqual(await pathsBelow(home), paths);
    assert.equal(await installedVersion(home), "1.0.0");
    await disk.empty();
    assert.equal((await install(here.script, args, { home })).code, 0);
    assert.equal(await installedVersion(home), "1.1.0");
  },
});

/** In order, so that a failure names its moment; more of them by the environment. */
const KILLS = Number(Deno.env.get("MESH_LLM_KILLS") ?? 20);

linuxTest(
  "install.sh killed at any moment leaves the old version or the new one, and the next run tidies up",
  async () => {
    await using here = await world();
    const { home } = here;
    const [old, latest] = [here.releases.get("1.0.0")!, here.releases.get("1.1.0")!];
    const from = (folder: string, version: string) => ["--from", folder, "--version", version];
    const startMs = performance.now();
    await install(here.script, from(old, "1.0.0"), { home });
    const wholeMs = performance.now() - startMs;
    for (let kill = 0; kill < KILLS; kill++) {
      // The script leads a group of its own, so that its children end with it.
      const args = [here.script, ...from(latest, "1.1.0")];
      const child = command("-c", [`exec setsid dash ${args.join(" ")} >/dev/null`], { home })
        .spawn();
      await new Promise((resolve) => setTimeout(resolve, (wholeMs * kill) / KILLS));
      killAll(child);
      await child.status;
      const found = await installedVersion(home);
      assert.ok(found === "1.0.0" || found === "1.1.0", `kill ${kill}: ${found}`);
      if (found === "1.1.0") await install(here.script, from(old, "1.0.0"), { home });
    }
    await install(here.script, from(latest, "1.1.0"), { home });
    assert.equal(await installedVersion(home), "1.1.0");
    assert.deepEqual(await hiddenIn(join(home, ".local/bin")), []);
  },
);

function killAll(child: Deno.ChildProcess): void {
  for (const pid of [-child.pid, child.pid]) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended, or leads no group yet.
    }
  }
}

async function hiddenIn(folder: string): Promise<string[]> {
  return (await pathsBelow(folder)).filter((name) => name.startsWith("."));
}

linuxTest("two of install.sh at a time both end well", async () => {
  await using here = await world();
  const { home } = here;
  const runs = await Promise.all(
    [...here.releases].map(([version, folder]) =>
      install(here.script, ["--from", folder, "--version", version], { home })
    ),
  );
  assert.deepEqual(runs.map(({ code }) => code), [0, 0], runs.map(({ text }) => text).join(""));
  assert.match(await installedVersion(home) ?? "", /^1\.[01]\.0$/);
  assert.deepEqual(await hiddenIn(join(home, ".local/bin")), []);
});

linuxTest(
  "install.sh --uninstall shows what goes, asks, and keeps models and identity unless told",
  async () => {
    await using here = await world();
    const { home } = here;
    await install(here.script, ["--from", here.releases.get("1.1.0")!], { home });
    const data = join(home, ".mesh-llm");
    await Deno.mkdir(data);
    await Deno.writeTextFile(join(data, "identity.json"), "{}");
    const before = await pathsBelow(home);
    // Without the terminal of the person who runs the tests.
    const asked = await install("-c", [`exec setsid -w dash ${here.script} --uninstall`], { home });
    assert.equal(asked.code, 1);
    assert.match(asked.text, /This removes:\n.*bin\/mesh-llm\n/);
    assert.match(asked.text, /This stays, .*\.mesh-llm \(--purge removes it too\)/);
    assert.deepEqual(await pathsBelow(home), before);
    const units = join(home, ".config/systemd/user");
    await Deno.mkdir(units, { recursive: true });
    const unit = join(units, "mesh-llm.service");
    await Deno.writeTextFile(
      unit,
      `ExecStart="${join(home, ".local/bin/mesh-llm")}" --data-dir x\n`,
    );
    const serving = await install(here.script, ["--uninstall", "--yes"], { home });
    assert.match(serving.text, /mesh-llm service uninstall first/);
    await Deno.remove(unit);
    const removed = await install(here.script, ["--uninstall", "--yes"], { home });
    assert.equal(removed.code, 0, removed.text);
    const files = (await pathsBelow(home)).filter((path) => basename(path).includes("mesh-llm"));
    assert.deepEqual(files, [".mesh-llm"]);
    const again = await install(here.script, ["--uninstall"], { home });
    assert.match(again.text, /is not installed/);
    // A variable that names the home itself costs nothing.
    const env = { MESH_LLM_HOME: home };
    await install(here.script, ["--uninstall", "--purge", "--yes"], { home, env });
    assert.deepEqual(await pathsBelow(data), ["identity.json"]);
    await install(here.script, ["--uninstall", "--purge", "--yes"], { home });
    assert.ok(!(await pathsBelow(home)).includes(".mesh-llm"));
  },
);
