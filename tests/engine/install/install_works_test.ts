/** Installing a llama.cpp that works, from a release on this machine: real binaries behind scripts. */

import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { MachineFacts } from "../../../src/engine/devices/machine_facts.ts";
import { readRecord } from "../../../src/engine/install/engine_record.ts";
import { EngineInstallError, installEngine, type InstallOptions } from "../../../src/engine/mod.ts";
import { guideTrial } from "../../../src/models/mod.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { LOOPBACK_WORLD } from "../../downloads/loopback_world.ts";
import { tempDir } from "../temp_dir.ts";
import { archiveName, type ServedAsset, serveRelease, TAG, tarball } from "./release_server.ts";

const found = await engineOrReason();
const BIN = found.engine === null ? "" : found.binDir;

const REAL = {
  "llama-server": `exec "${BIN}/llama-server" "$@"`,
  "rpc-server": `exec "${BIN}/rpc-server" "$@"`,
};

/** As `CUDA0`, which is the CPU in truth: no card can be made to show here. */
const WITH_CUDA = {
  ...REAL,
  "llama-server": `test -e "$(dirname "$0")/libcudart.so.13" || exit 127
case "$*" in --list-devices)
  printf 'Available devices:\\n  CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 11787 MiB free)\\n'; exit;; esac
${`exec "${BIN}/llama-server" `}$(printf '%s ' "$@" | sed 's/--device CUDA0/--device none/; s/--n-gpu-layers 99//')`,
};

const LINUX: MachineFacts = {
  os: "linux",
  arch: Deno.build.arch,
  glibc: "2.39",
  nvidia: null,
  hasKfd: false,
  hasVulkanLoader: true,
  gpus: [],
  freeBytes: null,
};

const RTX: MachineFacts = {
  ...LINUX,
  nvidia: { driver: "580.65.06", gpus: [{ name: "NVIDIA GeForce RTX 3060", capability: 8.6 }] },
};

const VULKAN = archiveName("vulkan");
const CPU = archiveName();
const CUDA = archiveName("cuda-13.4");
const CUDART = `cudart-${CUDA}`;

interface Case {
  readonly dir: string;
  readonly apiUrl: string;
  readonly facts?: MachineFacts;
  readonly more?: Partial<InstallOptions>;
  readonly firstRunMs?: number;
}

function install({ dir, apiUrl, facts = LINUX, more = {}, firstRunMs }: Case) {
  const notices: string[] = [];
  const done = installEngine({
    dataDir: dir,
    from: "release",
    facts,
    trial: () => guideTrial(dir),
    onProgress: () => {},
    onNotice: (sentence) => notices.push(sentence),
    downloads: LOOPBACK_WORLD,
    logger: getLogger("test"),
    release: { apiUrl, tag: TAG, ...(firstRunMs === undefined ? {} : { firstRunMs }) },
    ...more,
  });
  return { done, notices };
}

function left(dir: string): string[] {
  return [...Deno.readDirSync(join(dir, "engine"))].map(({ name }) => name).sort();
}

async function asset(
  dir: string,
  name: string,
  scripts: Readonly<Record<string, string>>,
): Promise<ServedAsset> {
  return { name, file: await tarball(dir, scripts) };
}

function linuxTest(name: string, fn: () => Promise<void>): void {
  if (Deno.build.os !== "linux") Deno.test.ignore(`${name} (Linux)`, fn);
  else engineTest(found, name, fn);
}

linuxTest("Vulkan's build is installed where there is no GPU, and is the best", async () => {
  await using dir = await tempDir();
  const file = await asset(dir.path, VULKAN, REAL);
  await using release = serveRelease([file, { ...file, name: CPU }]);
  const { done, notices } = install({ dir: dir.path, apiUrl: release.apiUrl });
  const record = { source: "release", tag: TAG, build: "vulkan", device: null, why: null };
  assert.deepEqual(await done, record);
  assert.deepEqual(notices, []);
  assert.deepEqual(release.asked, [VULKAN]);
  const folder = `release-${TAG}-vulkan`;
  assert.deepEqual(left(dir.path), ["current", folder]);
  assert.deepEqual(
    await readRecord(join(dir.path, "engine/current/llama-server")),
    record,
    "it is kept",
  );
});

linuxTest("CUDA comes as two archives in one folder", async () => {
  await using dir = await tempDir();
  const cuda = await asset(dir.path, CUDA, WITH_CUDA);
  const runtime = await asset(dir.path, CUDART, { "libcudart.so.13": "" });
  await using release = serveRelease([cuda, runtime, await asset(dir.path, VULKAN, REAL)]);
  const { done } = install({ dir: dir.path, apiUrl: release.apiUrl, facts: RTX });
  const { build, device, why } = await done;
  assert.deepEqual({ build, device, why }, { build: "cuda-13", device: "CUDA0", why: null });
  assert.deepEqual(release.asked, [CUDA, CUDART]);
  assert.deepEqual(left(dir.path), ["current", `release-${TAG}-cuda-13`]);
});

linuxTest("the size of a large download is told before it begins", async () => {
  await using dir = await tempDir();
  const cuda = { ...await asset(dir.path, CUDA, WITH_CUDA), says: { size: 151e6 } };
  const runtime = { ...await asset(dir.path, CUDART, {}), says: { size: 440e6 } };
  await using release = serveRelease([cuda, runtime, await asset(dir.path, VULKAN, REAL)]);
  const { done, notices } = install({ dir: dir.path, apiUrl: release.apiUrl, facts: RTX });
  assert.equal((await done).build, "vulkan", "for there is less of it than was said");
  assert.equal(
    notices[0],
    "llama.cpp with CUDA 13 is a download of 591 MB in 2 files; " +
      "mesh-llm engine install --backend vulkan takes 31 MB",
  );
});

const { "llama-server": server } = WITH_CUDA;

for (
  const { name, scripts, runtime = true, why } of [
    {
      name: "half of whose archives is missing",
      scripts: WITH_CUDA,
      runtime: false,
      why: /^with CUDA 13 from its release: Release b4242 holds no pair of archives/,
    },
    {
      name: "that finds no device",
      scripts: REAL,
      why: /^with CUDA 13 from its release: it finds no device for CUDA 13 on this machine/,
    },
    {
      name: "that does not run",
      scripts: { ...REAL, "llama-server": "echo 'libcuda.so.1: no such file' >&2; exit 127" },
      why: /^with CUDA 13 from its release: it does not run on this machine, .*libcuda\.so\.1/,
    },
    {
      name: "that ends on its device",
      scripts: {
        ...WITH_CUDA,
        "llama-server": server.replace("exec ", 'case "$*" in *CUDA0*) exit 9;; esac; exec '),
      },
      why: /^with CUDA 13 from its release: it ends with code 9 on CUDA0/,
    },
    {
      // A position that is misread is what a bug of a GPU driver looks like.
      name: "that computes wrongly",
      scripts: { ...WITH_CUDA, "llama-server": `${server} --rope-freq-base 3` },
      why: /^with CUDA 13 from its release: its answers on CUDA0 are wrong/,
    },
  ]
) {
  linuxTest(`after a CUDA build ${name} comes Vulkan's, with the reason`, async () => {
    await using dir = await tempDir();
    const cuda = await asset(dir.path, CUDA, scripts);
    const cudart = await asset(dir.path, CUDART, { "libcudart.so.13": "" });
    const vulkan = await asset(dir.path, VULKAN, REAL);
    await using release = serveRelease([cuda, ...(runtime ? [cudart] : []), vulkan]);
    const { done, notices } = install({ dir: dir.path, apiUrl: release.apiUrl, facts: RTX });
    const record = await done;
    assert.equal(record.build, "vulkan");
    assert.match(record.why ?? "", why);
    assert.ok(record.why?.endsWith("; using Vulkan"), record.why ?? "");
    assert.deepEqual(notices, [record.why]);
    assert.deepEqual(left(dir.path), ["current", `release-${TAG}-vulkan`]);
  });
}

linuxTest("a machine whose driver is too old is told so", async () => {
  await using dir = await tempDir();
  await using release = serveRelease([await asset(dir.path, VULKAN, REAL)]);
  const facts = { ...RTX, nvidia: { ...RTX.nvidia!, driver: "535.183.01" } };
  const { why } = await install({ dir: dir.path, apiUrl: release.apiUrl, facts }).done;
  const needs = Deno.build.arch === "x86_64" ? "CUDA 12.8 needs 550" : "CUDA 13 needs 580";
  assert.equal(why, `RTX 3060, driver 535: ${needs}; using Vulkan`);
});

linuxTest(
  "a build that was too slow at its first run is neither fetched nor unpacked again",
  async () => {
    await using dir = await tempDir();
    const scan =
      `if test ! -e "$(dirname "$0")/seen"; then : >"$(dirname "$0")/seen"; exec sleep 60; fi`;
    const slow = { ...REAL, "llama-server": `${scan}\n${REAL["llama-server"]}` };
    await using release = serveRelease([await asset(dir.path, VULKAN, slow)]);
    const { apiUrl } = release;
    const first = install({ dir: dir.path, apiUrl, firstRunMs: 500, more: { backend: "vulkan" } });
    await assert.rejects(first.done, /no answer within 0\.5 s; what was unpacked is kept/);
    assert.deepEqual(left(dir.path).map((name) => name.slice(0, 9)), ["unpacked-"]);
    const { build } = await install({ dir: dir.path, apiUrl, more: { backend: "vulkan" } }).done;
    assert.equal(build, "vulkan");
    assert.deepEqual(release.asked, [VULKAN], "once");
    assert.deepEqual(left(dir.path), ["current", `release-${TAG}-vulkan`]);
  },
);

linuxTest("a machine without tar is told to install it", async () => {
  await using dir = await tempDir();
  await using release = serveRelease([await asset(dir.path, VULKAN, REAL)]);
  const before = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", dir.path);
  try {
    await assert.rejects(
      install({ dir: dir.path, apiUrl: release.apiUrl, more: { backend: "vulkan" } }).done,
      /from its release: llama-\S+\.tar\.gz can't be unpacked, for this machine has no tar: install it\. /,
    );
  } finally {
    Deno.env.set("PATH", before);
  }
  assert.deepEqual(left(dir.path), []);
});

linuxTest("a build that must be the one of another machine is no other", async () => {
  await using dir = await tempDir();
  const vulkan = await asset(dir.path, VULKAN, REAL);
  await using release = serveRelease([vulkan, { ...vulkan, name: CPU }]);
  const more = { number: "4711", remedy: "Run it on bob instead" };
  await assert.rejects(
    install({ dir: dir.path, apiUrl: release.apiUrl, more }).done,
    /from its release: it has build \d+, not 4711\. Run it on bob instead$/,
  );
  assert.deepEqual(left(dir.path), []);
  assert.deepEqual(release.asked, [VULKAN], "every build of a release has its number");
});

linuxTest("a wrong digest of the best build leads to the next, and nothing is left", async () => {
  await using dir = await tempDir();
  const bad = {
    ...await asset(dir.path, VULKAN, REAL),
    says: { digest: `sha256:${"0".repeat(64)}` },
  };
  await using release = serveRelease([bad, await asset(dir.path, CPU, REAL)]);
  const { build, why } = await install({ dir: dir.path, apiUrl: release.apiUrl }).done;
  assert.equal(build, "cpu");
  assert.match(
    why ?? "",
    /with Vulkan from its release: .* not the one that was published.*; using the CPU$/,
  );
  assert.deepEqual(left(dir.path), ["current", `release-${TAG}-cpu`]);
});

linuxTest("a download that is cut goes on where it was cut", async () => {
  await using dir = await tempDir();
  const cut = { ...await asset(dir.path, VULKAN, REAL), breakOffAfter: [60, 40] };
  await using release = serveRelease([cut]);
  assert.equal((await install({ dir: dir.path, apiUrl: release.apiUrl }).done).build, "vulkan");
  assert.deepEqual(release.asked, [VULKAN, VULKAN, VULKAN]);
});

const IN_A_MINUTE = String(Math.floor(Date.now() / 1000) + 600);

for (
  const { name, refusal, reason } of [
    {
      name: "an address that has asked GitHub too often",
      refusal: new Response(null, {
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_A_MINUTE },
      }),
      reason:
        /from its release: Could not read \S+: this address has asked GitHub too often, and may ask again in (9|10) min\. /,
    },
    {
      name: "a server that forbids it",
      refusal: new Response(null, { status: 403 }),
      reason: /from its release: Could not read \S+: the server said 403\. /,
    },
    {
      name: "an answer that is no release",
      refusal: Response.json({ message: "moved" }),
      reason: /from its release: Could not read \S+: The answer lists no assets\. /,
    },
  ]
) {
  Deno.test(`${name} is told once, whatever builds there are`, async () => {
    await using dir = await tempDir();
    await using release = serveRelease([], refusal);
    await assert.rejects(
      install({ dir: dir.path, apiUrl: release.apiUrl, facts: RTX }).done,
      (error: Error) => {
        assert.ok(error instanceof EngineInstallError);
        assert.match(error.message, reason);
        assert.equal(error.message.split("Could not read").length, 2);
        return true;
      },
    );
  });
}

Deno.test("a backend that can't run here is refused before anything is asked", async () => {
  await using dir = await tempDir();
  await using release = serveRelease([]);
  const { apiUrl } = release;
  await assert.rejects(
    install({ dir: dir.path, apiUrl, more: { backend: "cuda" } }).done,
    /^EngineInstallError: Could not install llama\.cpp: CUDA needs NVIDIA's driver, which is not loaded\. Leave --backend out/,
  );
  await assert.rejects(Deno.stat(join(dir.path, "engine")));
});
