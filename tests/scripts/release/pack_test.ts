import assert from "node:assert/strict";
import { join } from "node:path";
import { commitTimeS, makeArchive } from "../../../scripts/release/archive.ts";
import { type Candidate, faultsOf } from "../../../scripts/release/check.ts";
import { debVersion } from "../../../scripts/release/names.ts";
import { notesOf } from "../../../scripts/release/notes.ts";
import { packRelease } from "../../../scripts/release/pack.ts";
import {
  lockedPackages,
  packageOf,
  sbomOf,
  shippedPackages,
} from "../../../scripts/release/sbom.ts";
import { makeSigningKey, readSigningKey } from "../../../scripts/release/signing.ts";
import { signSums, writeSums } from "../../../scripts/release/sums.ts";
import { run } from "../../../scripts/run.ts";
import { temporaryFolder } from "../../support/program.ts";
import { testKey } from "../../support/releases.ts";

Deno.test({
  name:
    "makeArchive() depends on what is in the folder, not on the times, modes and order of the disk",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await temporaryFolder();
    const archives: Uint8Array[] = [];
    for (const [index, order] of [["a", "b", "c"], ["c", "b", "a"]].entries()) {
      const root = join(folder.path, `${index}`);
      await Deno.mkdir(join(root, "name"), { recursive: true });
      for (const name of order) {
        const path = join(root, "name", name);
        await Deno.writeTextFile(path, name);
        await Deno.chmod(path, index === 0 ? 0o600 : 0o644);
        await Deno.utime(path, index * 1_000, index * 1_000);
      }
      const output = join(folder.path, `${index}.tar.gz`);
      await makeArchive({ folder: root, name: "name", output, timeS: 1_700_000_000 });
      archives.push(await Deno.readFile(output));
    }
    assert.deepEqual(archives[0], archives[1]);
    const listed = await run("tar", ["-tvzf", join(folder.path, "0.tar.gz"), "--utc"], {
      output: "capture",
    });
    assert.match(listed.stdout, /^drwxr-xr-x 0\/0 +0 2023-11-14 22:13 name\/\n-rw-r--r-- 0\/0 /);
  },
});

Deno.test("signSums() signs what OpenSSL vouches for, by a key that OpenSSL made", async () => {
  await using folder = await temporaryFolder();
  const inFolder = (name: string) => join(folder.path, name);
  const ssl = async (...args: string[]) =>
    (await run("openssl", args, { cwd: folder.path, output: "capture" })).text;
  await ssl("genpkey", "-algorithm", "ed25519", "-out", "key.pem");
  await ssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem");
  const key = await readSigningKey(await Deno.readTextFile(inFolder("key.pem")));
  assert.match(
    await Deno.readTextFile(inFolder("public.pem")),
    new RegExp(`AyEA${escaped(key.publicKey)}`),
  );
  const release = inFolder("release");
  await Deno.mkdir(release);
  await Deno.writeTextFile(join(release, "b.txt"), "b");
  await Deno.writeTextFile(join(release, "a.txt"), "a");
  await writeSums(release);
  await signSums(release, key);
  const checked = await run("sha256sum", ["--check", "SHA256SUMS"], {
    cwd: release,
    output: "capture",
  });
  assert.equal(checked.text, "a.txt: OK\nb.txt: OK\n");
  const files = ["-in", "release/SHA256SUMS", "-sigfile", "release/SHA256SUMS.sig"];
  const told = await ssl(
    "pkeyutl",
    "-verify",
    "-pubin",
    "-inkey",
    "public.pem",
    "-rawin",
    ...files,
  );
  assert.match(told, /Signature Verified Successfully/);
});

Deno.test({
  name:
    "packRelease() makes every file of a release, the same each time, and lists all but the notes",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await temporaryFolder();
    const program = join(folder.path, "program");
    await Deno.writeTextFile(program, "#!/bin/sh\n");
    const executables = new Map([["linux-x64", program], ["darwin-arm64", program]]);
    const key = await testKey();
    const digests: string[][] = [];
    for (const name of ["once", "again"]) {
      const release = join(folder.path, name);
      const { publicKey } = key;
      await packRelease({ folder: release, executables, key, publicKey, version: "9.8.7" });
      const listed = await Deno.readTextFile(join(release, "SHA256SUMS"));
      digests.push(listed.trim().split("\n"));
      const names = (await Array.fromAsync(Deno.readDir(release))).map(({ name }) => name);
      const unlisted = names.filter((one) => !listed.includes(`  ${one}\n`));
      assert.deepEqual(unlisted.sort(), ["SHA256SUMS", "SHA256SUMS.sig", "notes.md"]);
    }
    assert.deepEqual(digests[0], digests[1]);
    assert.deepEqual(digests[0]!.map((line) => line.slice(66)), [
      "install.sh",
      "mesh-llm-9.8.7-darwin-arm64.tar.gz",
      "mesh-llm-9.8.7-linux-x64.tar.gz",
      "mesh-llm-9.8.7.cdx.json",
      "mesh-llm.rb",
      "mesh-llm_9.8.7_amd64.deb",
    ]);
  },
});

function escaped(text: string): string {
  return text.replace(/[+/=]/g, "\\$&");
}

Deno.test("a key that is none, or another's, packs nothing", async () => {
  for (const pem of [undefined, "", "secret", (await makeSigningKey()).publicKey]) {
    await assert.rejects(readSigningKey(pem), (error: Error) => {
      assert.match(error.message, /MESH_LLM_RELEASE_KEY/);
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  }
  await using folder = await temporaryFolder();
  const release = join(folder.path, "release");
  const options = { folder: release, executables: new Map(), publicKey: "another" };
  await assert.rejects(packRelease({ ...options, key: await testKey() }), /nobody could update/);
  assert.ok(!await Deno.stat(release).then(() => true, () => false));
});

Deno.test("notesOf() takes the section of a version, and refuses one without words", () => {
  const changelog =
    "# Changelog\n\n## 0.2.0 (2026-12-01)\n\n- b\n- c\n\n## 0.1.0\n\n- a\n\n## 0.0.1\n";
  assert.equal(notesOf(changelog, "0.2.0"), "- b\n- c\n");
  assert.equal(notesOf(changelog, "0.1.0"), "- a\n");
  assert.throws(() => notesOf(changelog, "0.0.1"), /says nothing of 0\.0\.1/);
  assert.throws(() => notesOf(changelog, "0.1"), /has no section "## 0\.1"/);
});

Deno.test("sbomOf() lists what is in an executable, nothing that only builds or tests, and the same each time", async () => {
  const shipped = await shippedPackages();
  const options = { shipped, deno: "2.9.4", timeS: 1_700_000_000 };
  const sbom = sbomOf(await lockedPackages(), options);
  const names = new Set(sbom.components.map(({ name }) => name));
  for (
    const name of [
      "libp2p",
      "zod",
      "@chainsafe/libp2p-quic-darwin-arm64",
      "preact",
      "uplot",
      "deno",
    ]
  ) {
    assert.ok(names.has(name), name);
  }
  for (
    const name of ["vite", "playwright-core", "openai", "fast-check", "@types/node", "rolldown"]
  ) {
    assert.ok(!names.has(name), name);
  }
  assert.deepEqual(sbomOf(await lockedPackages(), options), sbom);
  const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
  for (const { dependsOn = [] } of sbom.dependencies) {
    for (const ref of dependsOn) assert.ok(refs.has(ref), ref);
  }
  assert.match(
    sbom.serialNumber ?? "",
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

Deno.test("packageOf() takes a package's name from what is imported", () => {
  assert.equal(packageOf("preact/hooks"), "preact");
  assert.equal(packageOf("@libp2p/crypto/keys"), "@libp2p/crypto");
});

const good: Candidate = {
  tag: "v0.1.0",
  version: "0.1.0",
  repository: "https://github.com/somebody/mesh-llm",
  builtIn: "somebody/mesh-llm",
  key: "eUW3...",
  changelog: "# Changelog\n\n## 0.1.0 (2026-12-01)\n",
};

Deno.test("faultsOf() lets a tag pass that agrees with the source, and names each thing that does not", () => {
  assert.deepEqual(faultsOf(good), []);
  assert.deepEqual(faultsOf({ ...good, builtIn: null }), []);
  const preliminary = { ...good, tag: "v0.1.0-rc.1", version: "0.1.0-rc.1" };
  assert.deepEqual(faultsOf({ ...preliminary, changelog: "## 0.1.0-rc.1\n" }), []);
  const faults: [changes: Partial<Candidate>, told: RegExp][] = [
    [{ tag: "v0.1.1" }, /must agree/],
    [{ tag: "0.1.0" }, /must agree/],
    [{ tag: "v0.01.0", version: "0.01.0", changelog: "## 0.01.0\n" }, /semantic versioning/],
    [{ repository: "https://repository.invalid/mesh-llm" }, /names no repository/],
    [{ builtIn: "fork/mesh-llm" }, /and this is https:\/\/github\.com\/fork/],
    [{ key: "no-release-key-has-been-made-for-this-source" }, /make_key/],
    [{ changelog: "## 0.1.0 (unreleased)\n" }, /give it a date/],
    [{ changelog: "" }, /has no section/],
  ];
  for (const [changes, told] of faults) {
    const found = faultsOf({ ...good, ...changes });
    assert.equal(found.length, 1, `${told}: ${found}`);
    assert.match(found[0]!, told);
  }
});

Deno.test("debVersion() is sorted before the final version by a tilde", () => {
  assert.equal(debVersion("1.2.0"), "1.2.0");
  assert.equal(debVersion("1.2.0-rc.1"), "1.2.0~rc.1");
});

Deno.test("commitTimeS() is that of the checkout, or of SOURCE_DATE_EPOCH", async () => {
  assert.ok(await commitTimeS() > 1_700_000_000);
});
