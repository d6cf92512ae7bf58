import assert from "node:assert/strict";
import {
  archiveStem,
  findArchive,
  parseRelease,
} from "../../../src/engine/install/release_asset.ts";

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

for (
  const [os, arch, stem] of [
    ["linux", "x86_64", "llama-b11541-bin-ubuntu-x64"],
    ["linux", "aarch64", "llama-b11541-bin-ubuntu-arm64"],
    ["darwin", "aarch64", "llama-b11541-bin-macos-arm64"],
    ["darwin", "x86_64", "llama-b11541-bin-macos-x64"],
    ["windows", "x86_64", undefined],
  ] as const
) {
  Deno.test(`archiveStem() on ${os} ${arch} is ${stem}`, () => {
    assert.equal(archiveStem("b11541", os, arch), stem);
  });
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

Deno.test("findArchive() takes the archive of this platform only, of either kind", () => {
  const names = ["llama-b1-bin-ubuntu-vulkan-x64.tar.gz", "cudart-llama-b1-bin-ubuntu-x64.tar.gz"];
  const others = parseRelease({ assets: names.map((name) => asset(name)) });
  assert.equal(findArchive(others, "llama-b1-bin-ubuntu-x64"), undefined);
  for (const ending of [".tar.gz", ".zip"]) {
    const name = `llama-b1-bin-ubuntu-x64${ending}`;
    const assets = parseRelease({ assets: [...names, name].map((name) => asset(name)) });
    assert.equal(findArchive(assets, "llama-b1-bin-ubuntu-x64")?.name, name);
  }
});
