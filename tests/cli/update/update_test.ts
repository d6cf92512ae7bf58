import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { archiveName } from "../../../scripts/release/names.ts";
import { packagedBy, previousOf } from "../../../src/cli/update/place.ts";
import { releaseSource } from "../../../src/cli/update/release_source.ts";
import {
  lookForRelease,
  rollBack,
  update,
  type UpdateWorld,
} from "../../../src/cli/update/update.ts";
import { connectProxy } from "../../support/connect_proxy.ts";
import { cutTo } from "../../downloads/faulty_server.ts";
import { temporaryFolder } from "../../support/program.ts";
import {
  makeRelease,
  OWN_TARGET,
  releaseFaults,
  releaseServer,
  signedSums,
  testKey,
} from "../../support/releases.ts";
import { smallDisk, whyNoMounts } from "../../support/small_disk.ts";

const key = await testKey();
const ARCHIVE = archiveName("1.1.0", OWN_TARGET);
const FAULTS = releaseFaults("1.1.0");

/** Packing takes GNU tar. */
const linuxTest = Deno.build.os === "linux" ? Deno.test : Deno.test.ignore;

interface World extends AsyncDisposable {
  readonly bin: string;
  readonly executable: string;
  /** Folders of releases by version. */
  readonly releases: ReadonlyMap<string, string>;
}

/** Releases 1.0.0 to 1.2.0, and an executable that is the first of them. */
async function world(): Promise<World> {
  const folder = await temporaryFolder();
  const releases = new Map<string, string>();
  for (const version of ["1.0.0", "1.1.0", "1.2.0"]) {
    const path = join(folder.path, version);
    await makeRelease(path, version, { key });
    releases.set(version, path);
  }
  const bin = join(folder.path, "bin");
  await Deno.mkdir(bin);
  const executable = join(bin, "mesh-llm");
  await writeOld(executable);
  return { bin, executable, releases, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function writeOld(executable: string): Promise<void> {
  await Deno.writeTextFile(executable, "#!/bin/sh\necho 1.0.0\n");
  await Deno.chmod(executable, 0o755);
}

function worldOf(
  executable: string,
  from: string,
  changes: Partial<UpdateWorld> = {},
): UpdateWorld {
  return {
    source: releaseSource(from, undefined),
    key: key.publicKey,
    target: OWN_TARGET,
    executable,
    signal: new AbortController().signal,
    wait: () => Promise.reject(new Error("Another update goes on")),
    onBytes: () => {},
    ...changes,
  };
}

async function versionOf(executable: string): Promise<string> {
  const { stdout } = await new Deno.Command(executable, { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

linuxTest(
  "update() takes the latest, keeps the former one, and rollBack() goes back and forth",
  async () => {
    await using here = await world();
    const { executable, bin } = here;
    await using server = await releaseServer(here.releases, "1.1.0");
    const latest = worldOf(executable, server.url.href);
    assert.equal((await lookForRelease(latest, null)).version, "1.1.0");
    assert.deepEqual(await update(latest, null), { from: "1.0.0", to: "1.1.0" });
    assert.equal(await versionOf(executable), "1.1.0");
    assert.equal((await Deno.stat(executable)).mode! & 0o777, 0o755);
    assert.equal(await versionOf(previousOf(executable)), "1.0.0");
    assert.deepEqual(await update(latest, null), { from: "1.1.0", to: "1.1.0" });
    assert.equal(await versionOf(previousOf(executable)), "1.0.0");
    assert.deepEqual(await rollBack(latest), { from: "1.1.0", to: "1.0.0" });
    assert.deepEqual(await rollBack(latest), { from: "1.0.0", to: "1.1.0" });
    assert.equal(await versionOf(previousOf(executable)), "1.0.0");
    assert.deepEqual(await namesIn(bin), ["mesh-llm", "mesh-llm.previous"]);
  },
);

linuxTest("update() goes back only to a version that is named", async () => {
  await using here = await world();
  const { executable } = here;
  await update(worldOf(executable, here.releases.get("1.2.0")!), null);
  await using server = await releaseServer(here.releases, "1.1.0");
  const older = worldOf(executable, server.url.href);
  await assert.rejects(update(older, null), /1\.1\.0, and this is mesh-llm 1\.2\.0.*--to 1\.1\.0/);
  assert.equal(await versionOf(executable), "1.2.0");
  await assert.rejects(
    update(older, "1.3.0"),
    /Could not get SHA256SUMS from .*the server said 404/,
  );
  assert.deepEqual(await update(older, "1.1.0"), { from: "1.2.0", to: "1.1.0" });
});

/** The word about each fault of a server. */
const TOLD: Readonly<Record<keyof typeof FAULTS, RegExp>> = {
  "another archive": /is not the file that the release lists/,
  "an archive that is cut short": /Could not get mesh-llm-1\.1\.0.*: (aborted|127)/,
  "a cut archive that claims to be whole": /is not the file that the release lists/,
  "no archive": /the server said 404/,
  "another list": /not signed with mesh-llm's key/,
  "an endless list": /larger than any such file/,
  "no list": /the server said 500/,
  "another signature": /not signed with mesh-llm's key/,
  "a short signature": /not signed with mesh-llm's key/,
  "an empty signature": /not signed with mesh-llm's key/,
  "no signature": /Could not get SHA256SUMS\.sig/,
};

linuxTest("update() changes nothing and leaves nothing, whatever the server does", async () => {
  await using here = await world();
  const { executable, bin } = here;
  for (const [name, told] of Object.entries(TOLD)) {
    await using server = await releaseServer(
      here.releases,
      "1.1.0",
      FAULTS[name as keyof typeof FAULTS],
    );
    await assert.rejects(update(worldOf(executable, server.url.href), null), told, name);
    assert.equal(await versionOf(executable), "1.0.0", name);
    assert.deepEqual(await namesIn(bin), ["mesh-llm"], name);
  }
});

linuxTest(
  "update() refuses another's key, a version that is another, and one that does not run",
  async () => {
    await using here = await world();
    const { executable, bin } = here;
    const folder = here.releases.get("1.1.0")!;
    const cases: [change: () => Promise<Partial<UpdateWorld> | void>, told: RegExp][] = [
      [
        () => Promise.resolve({ key: "no-release-key-has-been-made-for-this-source" }),
        /without a key/,
      ],
      [() => Promise.resolve({ target: "plan9-x64" }), /has no mesh-llm for plan9-x64/],
      [() => makeRelease(folder, "1.1.0", { key, answer: "1.0.9" }), /says that it is 1\.0\.9/],
      [
        async () => {
          const broken = join(bin, "../broken");
          await Deno.writeTextFile(broken, "#!/bin/sh\necho GLIBC_2.99 not found >&2; exit 1\n");
          await makeRelease(folder, "1.1.0", { key, executable: broken });
        },
        /does not run here: GLIBC_2\.99 not found/,
      ],
      [async () => await signedSums(folder, await testKey()), /not signed with mesh-llm's key/],
    ];
    for (const [change, told] of cases) {
      const changes = await change() ?? {};
      await assert.rejects(update(worldOf(executable, folder, changes), null), told);
      assert.equal(await versionOf(executable), "1.0.0");
      assert.deepEqual(await namesIn(bin), ["mesh-llm"]);
    }
  },
);

linuxTest(
  "rollBack() says where nothing is kept, and does not go back to what does not run",
  async () => {
    await using here = await world();
    const { executable } = here;
    const at = worldOf(executable, "/nowhere");
    await assert.rejects(rollBack(at), /There is no former mesh-llm/);
    await Deno.writeTextFile(previousOf(executable), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    await assert.rejects(rollBack(at), /does not run here: it ended with code 3/);
    assert.equal(await versionOf(executable), "1.0.0");
    await assert.rejects(update(at, null), /Could not get SHA256SUMS from \/nowhere/);
  },
);

linuxTest("of two updates at a time one waits, and then has nothing to do", async () => {
  await using here = await world();
  const { executable, bin } = here;
  const waiting = Promise.withResolvers<void>();
  const slow = worldOf(executable, here.releases.get("1.1.0")!);
  // The first holds the folder until the second has found it held.
  const held: UpdateWorld = {
    ...slow,
    source: {
      place: "slow",
      async *open(name, version, signal) {
        if (name === ARCHIVE) await waiting.promise;
        yield* slow.source.open(name, version, signal);
      },
    },
  };
  const first = update(held, null);
  let waits = 0;
  await new Promise((resolve) => setTimeout(resolve, 0));
  while (!(await namesIn(bin)).some((name) => name.startsWith(".mesh-llm-update"))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const second = update({
    ...slow,
    wait: () => {
      waits++;
      waiting.resolve();
      return new Promise((resolve) => setTimeout(resolve, 5));
    },
  }, null);
  assert.deepEqual(await Promise.all([first, second]), [
    { from: "1.0.0", to: "1.1.0" },
    { from: "1.1.0", to: "1.1.0" },
  ]);
  assert.ok(waits > 0);
  assert.equal(await versionOf(previousOf(executable)), "1.0.0");
  assert.deepEqual(await namesIn(bin), ["mesh-llm", "mesh-llm.previous"]);
});

linuxTest("update() is stopped in the middle, and everything is as it was", async () => {
  await using here = await world();
  const { executable, bin } = here;
  const stopping = new AbortController();
  await using server = await releaseServer(
    here.releases,
    "1.1.0",
    (name, reply) => name === ARCHIVE ? { ...cutTo(reply, 50_000), then: "stall" } : null,
  );
  const at = worldOf(executable, server.url.href, {
    signal: stopping.signal,
    onBytes: () => stopping.abort(new Error("Stopped")),
  });
  await assert.rejects(update(at, null), /^Error: Stopped$/);
  assert.equal(await versionOf(executable), "1.0.0");
  assert.deepEqual(await namesIn(bin), ["mesh-llm"]);
});

linuxTest(
  "update() fails in a sentence where nobody answers, and asks by the user's proxy",
  async () => {
    await using here = await world();
    const { executable } = here;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const nobody = worldOf(executable, `http://127.0.0.1:${port}`);
    await assert.rejects(
      update(nobody, null),
      /Could not get SHA256SUMS from http.*Nothing was changed/,
    );
    // It opens the tunnel and closes it: no release comes, but the proxy was asked and nobody else.
    await using proxy = await connectProxy(null);
    const url = `http://127.0.0.1:${proxy.port}`;
    const settings = { https: url, http: url, noProxy: [] };
    const source = releaseSource("https://releases.example.com", settings);
    await assert.rejects(update({ ...nobody, source }, null), /Could not get SHA256SUMS/);
    assert.deepEqual(proxy.asked.map(({ target }) => target), ["releases.example.com:443"]);
  },
);

const noMounts = await whyNoMounts();

Deno.test({
  name: "update() on a full disk says so and changes nothing" +
    (noMounts === null ? "" : ` (${noMounts})`),
  ignore: noMounts !== null,
  fn: async () => {
    await using here = await world();
    await using disk = await smallDisk("size=1500k");
    const executable = join(disk.path, "mesh-llm");
    await writeOld(executable);
    await disk.fill();
    const at = worldOf(executable, here.releases.get("1.1.0")!);
    await assert.rejects(update(at, null), /the disk is full/);
    assert.equal(await versionOf(executable), "1.0.0");
    assert.deepEqual(await namesIn(disk.path), ["ballast", "mesh-llm"]);
    await disk.empty();
    assert.deepEqual(await update(at, null), { from: "1.0.0", to: "1.1.0" });
  },
});

const KILLS = Number(Deno.env.get("MESH_LLM_KILLS") ?? 20);

linuxTest(
  "update() killed at any moment leaves the old version or the new one, and the next one tidies up",
  async () => {
    await using here = await world();
    const { executable, bin } = here;
    const folder = here.releases.get("1.1.0")!;
    const wholeMs = await runKilled(executable, folder, null);
    assert.equal(await versionOf(executable), "1.1.0");
    for (let kill = 0; kill < KILLS; kill++) {
      await Deno.remove(executable);
      await writeOld(executable);
      await runKilled(executable, folder, (wholeMs * kill) / KILLS);
      assert.match(await versionOf(executable), /^1\.[01]\.0$/, `kill ${kill}`);
    }
    await update(worldOf(executable, here.releases.get("1.2.0")!), null);
    assert.equal(await versionOf(executable), "1.2.0");
    assert.deepEqual(await namesIn(bin), ["mesh-llm", "mesh-llm.previous"]);
  },
);

/** @param killMs after it began; `null` lets it end @returns how long it took */
async function runKilled(
  executable: string,
  folder: string,
  killMs: number | null,
): Promise<number> {
  const program = fileURLToPath(new URL("update_process.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      program,
      executable,
      folder,
      key.publicKey,
      OWN_TARGET,
      "1.1.0",
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const startMs = performance.now();
  if (killMs !== null) {
    await new Promise((resolve) => setTimeout(resolve, killMs));
    try {
      child.kill("SIGKILL");
    } catch {
      // It was faster this time.
    }
  }
  while (!(await reader.read()).done);
  await child.status;
  return performance.now() - startMs;
}

Deno.test("packagedBy() knows the folders that others look after", () => {
  assert.match(
    packagedBy("/opt/homebrew/Cellar/mesh-llm/1.0.0/bin/mesh-llm") ?? "",
    /brew upgrade/,
  );
  assert.match(packagedBy("/usr/bin/mesh-llm") ?? "", /package/);
  for (
    const path of ["/usr/local/bin/mesh-llm", "/home/ann/.local/bin/mesh-llm", "/tmp/mesh-llm"]
  ) {
    assert.equal(packagedBy(path), null);
  }
});
