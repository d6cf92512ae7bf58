import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { addonPackage, loadAddon, QuicAddonError } from "../../../src/mesh/quic/addon.ts";
import { isNoExec, optionsOf } from "../../../src/base/no_exec.ts";
import { temporaryFolder } from "../../support/program.ts";
import { smallDisk, whyNoMounts } from "../../support/small_disk.ts";

Deno.test("each platform has a package of its own", () => {
  const packages = [
    ["x86_64-unknown-linux-gnu", "linux-x64-gnu"],
    ["aarch64-unknown-linux-gnu", "linux-arm64-gnu"],
    ["x86_64-apple-darwin", "darwin-x64"],
    ["aarch64-apple-darwin", "darwin-arm64"],
  ] as const;
  for (const [target, suffix] of packages) {
    assert.equal(addonPackage(target), `@chainsafe/libp2p-quic-${suffix}`);
  }
});

Deno.test("a platform without an addon is named", () => {
  assert.throws(() => addonPackage("riscv64gc-unknown-linux-gnu"), (error: Error) => {
    assert.ok(error instanceof QuicAddonError);
    assert.match(error.message, /for riscv64gc-unknown-linux-gnu$/);
    return true;
  });
});

Deno.test("the addon of this platform loads", () => {
  assert.equal(typeof loadAddon().Client, "function");
});

Deno.test("a missing addon is one sentence that names the package", () => {
  const missing = () => {
    throw Object.assign(new Error("Cannot find module 'x'\nRequire stack: …"), {
      code: "MODULE_NOT_FOUND",
    });
  };
  assert.throws(() => loadAddon("aarch64-apple-darwin", missing), {
    name: "QuicAddonError",
    message: 'The QUIC addon is missing. Run "npm install" to install the package ' +
      "@chainsafe/libp2p-quic-darwin-arm64",
  });
});

Deno.test("an addon that does not load says why", () => {
  const broken = () => {
    throw new Error("invalid ELF header");
  };
  assert.throws(() => loadAddon("x86_64-unknown-linux-gnu", broken), {
    name: "QuicAddonError",
    message:
      /@chainsafe\/libp2p-quic-linux-x64-gnu can't be loaded: invalid ELF header\. Install mesh-llm again$/,
  });
});

Deno.test("something else under the addon's name is refused", () => {
  const other = () => ({ Client: class {} });
  assert.throws(() => loadAddon("x86_64-unknown-linux-gnu", other), /is not the QUIC addon/);
});

const ROOT = new URL("../../../", import.meta.url).pathname;

/** The addon's package in a folder of its own, with its bytes changed; what loads it from there. */
async function copyAddon(
  folder: string,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (bytes) => bytes,
): Promise<(name: string) => unknown> {
  const path = `node_modules/${addonPackage(Deno.build.target)}`;
  await Deno.mkdir(join(folder, path), { recursive: true });
  for await (const { name } of Deno.readDir(join(ROOT, path))) {
    const bytes = await Deno.readFile(join(ROOT, path, name));
    const changed = name.endsWith(".node") ? change(bytes) : bytes;
    await Deno.writeFile(join(folder, path, name), changed);
  }
  return createRequire(join(folder, "main.js"));
}

/** Another C library is not to be had here, but a file that wants one is: the system's own loader refuses it. */
function wantNewerGlibc(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder("latin1").decode(bytes);
  const [wanted = ""] = /GLIBC_2\.3\d\0/.exec(text) ?? [];
  bytes.set(new TextEncoder().encode("GLIBC_9"), text.indexOf(wanted));
  return bytes;
}

Deno.test({
  name: "an addon for a newer C library says which system to use",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await temporaryFolder();
    const load = await copyAddon(folder.path, wantNewerGlibc);
    assert.throws(() => loadAddon(Deno.build.target, load), {
      name: "QuicAddonError",
      message:
        /^This system is too old for mesh-llm, whose QUIC addon needs glibc 2\.34 \(GLIBC_9\.3\d is missing\)\. Use Debian 12, /,
    });
  },
});

const noMounts = await whyNoMounts();

Deno.test({
  name: `an addon on a disk from which nothing may run says so${noMounts ? ` (${noMounts})` : ""}`,
  ignore: noMounts !== null,
  fn: async () => {
    await using disk = await smallDisk("size=16m,noexec");
    const load = await copyAddon(disk.path);
    assert.throws(() => loadAddon(Deno.build.target, load), (error: Error) => {
      assert.ok(
        error.message.includes(`runs nothing from the disk of ${disk.path}/`),
        error.message,
      );
      assert.match(error.message, /\(noexec\)\. Put mesh-llm, or what TMPDIR .* on another one$/);
      return true;
    });
  },
});

Deno.test({
  name: `isNoExec() tells such a disk, and a folder of it${noMounts ? ` (${noMounts})` : ""}`,
  ignore: noMounts !== null,
  fn: async () => {
    await using disk = await smallDisk("size=64k,noexec");
    await using other = await smallDisk("size=64k");
    await Deno.mkdir(join(disk.path, "a folder"));
    assert.deepEqual([disk.path, join(disk.path, "a folder"), other.path].map(isNoExec), [
      true,
      true,
      false,
    ]);
    assert.equal(isNoExec(join(disk.path, "nothing")), false);
  },
});

const MOUNTS = `/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw,noexec 0 0
tmpfs /tmp/with\\040space tmpfs rw,exec 0 0
tmpfs /twice tmpfs rw,noexec 0 0
tmpfs /twice tmpfs rw,nodev 0 0
`;

for (
  const [folder, options] of [
    ["/home/ann", ["rw", "relatime"]],
    ["/tmp", ["rw", "noexec"]],
    ["/tmp/x/y", ["rw", "noexec"]],
    ["/tmpfoo", ["rw", "relatime"]],
    ["/tmp/with space/x", ["rw", "exec"]],
    ["/twice", ["rw", "nodev"]],
  ] as const
) {
  Deno.test(`optionsOf() of ${folder} are those of the disk that it lies on`, () => {
    assert.deepEqual(optionsOf(folder, MOUNTS), options);
  });
}
