import assert from "node:assert/strict";
import type { EngineBuild } from "../../../src/engine/base/types.ts";
import { findArchives, parseRelease } from "../../../src/engine/install/release_asset.ts";

const digest = "0123456789abcdef".repeat(4);

function asset(name: string, more: object = {}) {
  return {
    name,
    browser_download_url: `https://host/${name}`,
    size: 7,
    digest: `sha256:${digest}`,
    ...more,
  };
}

Deno.test("parseRelease() reads what is needed of each asset", () => {
  assert.deepEqual(parseRelease({ tag_name: "b1", assets: [asset("a.tar.gz")] }), [
    { name: "a.tar.gz", url: "https://host/a.tar.gz", sizeBytes: 7, sha256: digest },
  ]);
});

for (const bad of [undefined, null, "", `sha512:${digest}`, "sha256:abc", digest]) {
  Deno.test(`parseRelease() takes ${JSON.stringify(bad)} for no digest`, () => {
    assert.equal(parseRelease({ assets: [asset("a", { digest: bad })] })[0]?.sha256, null);
  });
}

Deno.test("parseRelease() leaves out what is no asset and refuses what is no release", () => {
  const assets = [null, 1, {}, asset("a", { size: "7" }), asset("b")];
  assert.deepEqual(parseRelease({ assets }).map(({ name }) => name), ["b"]);
  for (const value of [null, "x", {}, { assets: {} }]) {
    assert.throws(() => parseRelease(value), TypeError);
  }
});

/** As they were called in the autumn of 2026. */
const NAMES = [
  "cudart-llama-b11476-bin-ubuntu-cuda-12.8-x64.tar.gz",
  "cudart-llama-b11476-bin-ubuntu-cuda-13.4-arm64.tar.gz",
  "cudart-llama-b11476-bin-ubuntu-cuda-13.4-x64.tar.gz",
  "cudart-llama-bin-win-cuda-12.4-x64.zip",
  "llama-b11476-bin-android-arm64.tar.gz",
  "llama-b11476-bin-macos-arm64.tar.gz",
  "llama-b11476-bin-macos-x64.tar.gz",
  "llama-b11476-bin-ubuntu-arm64.tar.gz",
  "llama-b11476-bin-ubuntu-cuda-12.8-x64.tar.gz",
  "llama-b11476-bin-ubuntu-cuda-13.4-arm64.tar.gz",
  "llama-b11476-bin-ubuntu-cuda-13.4-x64.tar.gz",
  "llama-b11476-bin-ubuntu-openvino-2026.4-x64.tar.gz",
  "llama-b11476-bin-ubuntu-rocm-10.0-x64.tar.gz",
  "llama-b11476-bin-ubuntu-s390x.tar.gz",
  "llama-b11476-bin-ubuntu-sycl-fp16-x64.tar.gz",
  "llama-b11476-bin-ubuntu-vulkan-arm64.tar.gz",
  "llama-b11476-bin-ubuntu-vulkan-x64.tar.gz",
  "llama-b11476-bin-ubuntu-x64.tar.gz",
  "llama-b11476-bin-win-cuda-13.4-x64.zip",
  "llama-b11476-bin-win-vulkan-x64.zip",
  "llama-b11476-xcframework.zip",
];

function found(build: EngineBuild, os: string, arch: string, names: readonly string[] = NAMES) {
  const assets = parseRelease({ assets: names.map((name) => asset(name)) });
  return findArchives(assets, build, { os, arch })?.map(({ name }) => name);
}

for (
  const [build, os, arch, ...names] of [
    ["cpu", "linux", "x86_64", "llama-b11476-bin-ubuntu-x64.tar.gz"],
    ["cpu", "linux", "aarch64", "llama-b11476-bin-ubuntu-arm64.tar.gz"],
    ["vulkan", "linux", "x86_64", "llama-b11476-bin-ubuntu-vulkan-x64.tar.gz"],
    ["vulkan", "linux", "aarch64", "llama-b11476-bin-ubuntu-vulkan-arm64.tar.gz"],
    [
      "cuda-12",
      "linux",
      "x86_64",
      "llama-b11476-bin-ubuntu-cuda-12.8-x64.tar.gz",
      "cudart-llama-b11476-bin-ubuntu-cuda-12.8-x64.tar.gz",
    ],
    [
      "cuda-13",
      "linux",
      "x86_64",
      "llama-b11476-bin-ubuntu-cuda-13.4-x64.tar.gz",
      "cudart-llama-b11476-bin-ubuntu-cuda-13.4-x64.tar.gz",
    ],
    [
      "cuda-13",
      "linux",
      "aarch64",
      "llama-b11476-bin-ubuntu-cuda-13.4-arm64.tar.gz",
      "cudart-llama-b11476-bin-ubuntu-cuda-13.4-arm64.tar.gz",
    ],
    ["rocm", "linux", "x86_64", "llama-b11476-bin-ubuntu-rocm-10.0-x64.tar.gz"],
    ["metal", "darwin", "aarch64", "llama-b11476-bin-macos-arm64.tar.gz"],
    ["cpu", "darwin", "x86_64", "llama-b11476-bin-macos-x64.tar.gz"],
  ] as const
) {
  Deno.test(`findArchives() of ${build} on ${os} ${arch} are ${names.join(" and ")}`, () => {
    assert.deepEqual(found(build, os, arch), names);
  });
}

Deno.test("findArchives() finds none where a release has none, or only half of CUDA's", () => {
  assert.equal(found("cuda-12", "linux", "aarch64"), undefined);
  assert.equal(found("rocm", "linux", "aarch64"), undefined);
  assert.equal(found("vulkan", "windows", "x86_64"), undefined);
  const half = NAMES.filter((name) => !name.startsWith("cudart-"));
  assert.equal(found("cuda-13", "linux", "x86_64", half), undefined);
  const other = [...half, "cudart-llama-b11476-bin-ubuntu-cuda-13.3-x64.tar.gz"];
  assert.equal(found("cuda-13", "linux", "x86_64", other), undefined, "of another CUDA");
});

Deno.test("findArchives() takes the newest CUDA that has both its archives", () => {
  const older = "llama-b1-bin-ubuntu-cuda-13.10-x64.zip";
  const names = [
    "llama-b1-bin-ubuntu-cuda-13.9-x64.zip",
    older,
    "llama-b1-bin-ubuntu-cuda-13.11-x64.zip",
    "cudart-llama-bin-ubuntu-cuda-13.9-x64.zip",
    "cudart-llama-bin-ubuntu-cuda-13.10-x64.zip",
  ];
  assert.deepEqual(found("cuda-13", "linux", "x86_64", names), [older, names[4]]);
});
