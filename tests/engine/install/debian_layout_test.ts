import assert from "node:assert/strict";
import {
  aptOptions,
  binaryPaths,
  debianTarget,
  sourcesList,
  wrapperScript,
} from "../../../src/engine/install/debian_layout.ts";

const x64 = debianTarget("x86_64");
const arm64 = debianTarget("aarch64");
assert(x64 !== undefined && arm64 !== undefined);

Deno.test("debianTarget() knows two architectures", () => {
  assert.equal(x64.loader, "ld-linux-x86-64.so.2");
  assert.deepEqual(arm64, {
    architecture: "arm64",
    triplet: "aarch64-linux-gnu",
    loader: "ld-linux-aarch64.so.1",
  });
  assert.equal(debianTarget("riscv64"), undefined);
});

Deno.test("sourcesList() trusts Debian's keys only, for one architecture", () => {
  assert.equal(
    sourcesList(arm64, "/keys/debian.gpg", "http://mirror/debian"),
    "deb [arch=arm64 signed-by=/keys/debian.gpg] http://mirror/debian sid main\n",
  );
});

Deno.test("aptOptions() keeps apt in its own folder and insists on signatures", () => {
  const options = aptOptions("/a b", x64, false);
  assert(options.includes("Dir::State=/a b/state") && options.includes("Dir::Cache=/a b/cache"));
  assert(options.includes("Acquire::AllowInsecureRepositories=false"));
  assert.equal(options.filter((option) => option === "-o").length, options.length / 2);
});

Deno.test("aptOptions() names a user to download as for root only", () => {
  const sandbox = "APT::Sandbox::User=root";
  assert(aptOptions("/a", x64, true).includes(sandbox));
  assert(!aptOptions("/a", x64, false).includes(sandbox));
});

Deno.test("wrapperScript() runs a binary through the loader that came with it", () => {
  const script = wrapperScript(arm64, binaryPaths(arm64)["rpc-server"]);
  assert(script.startsWith("#!/bin/sh\n"));
  assert(script.includes("lib=$here/root/usr/lib/aarch64-linux-gnu\n"));
  assert(script.includes('exec "$lib/ld-linux-aarch64.so.1" --library-path "$lib:$lib/llama"'));
  assert(
    script.includes('"$here/root/usr/libexec/aarch64-linux-gnu/llama/bin/ggml-rpc-server" "$@"'),
  );
});
