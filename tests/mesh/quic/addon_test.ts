import assert from "node:assert/strict";
import { addonPackage, loadAddon, QuicAddonError } from "../../../src/mesh/quic/addon.ts";

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
    message: 'The QUIC addon is missing: run "npm install" to install the package ' +
      "@chainsafe/libp2p-quic-darwin-arm64",
  });
});

Deno.test("an addon that does not load says why", () => {
  const broken = () => {
    throw new Error("GLIBC_2.40 not found");
  };
  assert.throws(() => loadAddon("x86_64-unknown-linux-gnu", broken), {
    name: "QuicAddonError",
    message: /@chainsafe\/libp2p-quic-linux-x64-gnu can't be loaded: GLIBC_2.40 not found/,
  });
});

Deno.test("something else under the addon's name is refused", () => {
  const other = () => ({ Client: class {} });
  assert.throws(() => loadAddon("x86_64-unknown-linux-gnu", other), /is not the QUIC addon/);
});
