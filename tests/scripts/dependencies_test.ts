import assert from "node:assert/strict";
import { join } from "node:path";
import { installDependencies, installsAll, reasonIn } from "../../scripts/dependencies.ts";
import { temporaryFolder } from "../support/program.ts";

for (
  const [version, all] of [
    ["v18.19.0", false],
    ["v18.20.8", false],
    ["v20.18.3", false],
    ["v20.19.0", true],
    ["v20.20.2", true],
    ["v21.7.3", false],
    ["v22.11.0", false],
    ["v22.12.0", true],
    ["v24.0.0", true],
    ["", false],
  ] as const
) {
  Deno.test(`npm of Node.js ${version} installs ${all ? "all" : "less than all"}`, () => {
    assert.equal(installsAll(version), all);
  });
}

for (
  const [text, reason] of [
    [
      "npm error code EROFS\nnpm error syscall mkdir\nnpm error rofs EROFS: read-only file system, mkdir '/x'\n",
      "rofs EROFS: read-only file system, mkdir '/x'",
    ],
    [
      "npm ERR! code ENOTFOUND\nnpm ERR! errno ENOTFOUND\nnpm ERR! network request to https://registry.npmjs.org/ failed\n",
      "network request to https://registry.npmjs.org/ failed",
    ],
    [
      "\x1b[0m\x1b[1m\x1b[31merror\x1b[0m: Uncaught (in promise) TypeError: no such host\n    at file:///x.ts:1:1\n",
      "no such host",
    ],
    ["", "it says nothing"],
  ] as const
) {
  Deno.test(`reasonIn() of ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.equal(reasonIn(text), reason);
  });
}

/** A package that npm leaves out where Node.js is older than it wants. */
async function writeProject(root: string): Promise<void> {
  const write = async (path: string, value: unknown) => {
    await Deno.writeTextFile(join(root, path), JSON.stringify(value));
  };
  const engines = { node: ">=20.19" };
  const optionalDependencies = { native: "file:native" };
  await Deno.mkdir(join(root, "native"));
  await write("native/package.json", { name: "native", version: "1.0.0", engines });
  await write("package.json", { name: "project", version: "1.0.0", optionalDependencies });
  await write("package-lock.json", {
    name: "project",
    version: "1.0.0",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": { name: "project", version: "1.0.0", optionalDependencies },
      "native": { version: "1.0.0", optional: true, engines },
      "node_modules/native": { resolved: "native", link: true },
    },
  });
}

/** A folder for PATH with a Node.js of this version and an npm that must not be run. */
async function writePrograms(dir: string, nodeVersion: string): Promise<void> {
  for (
    const [name, body] of [
      ["node", `echo ${nodeVersion}`],
      ["npm", 'test "$1" = --version && echo 9.2.0 || exit 9'],
    ] as const
  ) {
    await Deno.writeTextFile(join(dir, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
}

for (const node of ["v18.19.0", null]) {
  const machine = node === null ? "without Node.js" : `with Node.js ${node}`;
  Deno.test(`a machine ${machine} gets all dependencies, by an npm under Deno`, async () => {
    await using root = await temporaryFolder();
    await using programs = await temporaryFolder();
    await writeProject(root.path);
    if (node !== null) await writePrograms(programs.path, node);
    const by = await installDependencies({ root: root.path, env: { PATH: programs.path } });
    assert.equal(by, "npm under Deno");
    const installed = await Deno.readTextFile(join(root.path, "node_modules/native/package.json"));
    assert.equal(JSON.parse(installed).name, "native");
  });
}

Deno.test("a machine that can't install them says why in one line", async () => {
  await using root = await temporaryFolder();
  await using programs = await temporaryFolder();
  await Deno.writeTextFile(join(root.path, "package.json"), "{");
  await writePrograms(programs.path, "v24.0.0");
  await Deno.writeTextFile(
    join(programs.path, "npm"),
    '#!/bin/sh\ntest "$1" = --version && echo 11 && exit\necho "npm error code E\nnpm error no room" >&2\nexit 1\n',
  );
  await assert.rejects(
    installDependencies({ root: root.path, env: { PATH: programs.path } }),
    { name: "InstallError", message: "Could not install the dependencies: no room" },
  );
});
