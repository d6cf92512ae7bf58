/** A release as a tag makes it: the steps of the workflow, run in a copy of this source, with a key and a server of the test. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { readSigningKey, type SigningKey } from "../../scripts/release/signing.ts";
import { ROOT, run } from "../../scripts/run.ts";
import { exists } from "./debian.ts";
import { OWN_TARGET } from "./releases.ts";

/** The steps that have no place in a test: the tests themselves, and those of macOS. */
const LEFT_OUT = /run_tests\.ts|sign_macos\.ts/;

/** No file is older, so that npm's install counts as the later one, and nothing is installed for the copy. */
const LONG_AGO = new Date(0);

export interface TaggedRelease {
  readonly version: string;
  /** The executable that was packed. */
  readonly executable: string;
  readonly key: SigningKey;
  /** Paths of the files that went to the release's page, by their names. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * @param folder empty
 * @param repository the address that the release names as its own
 * @param base an executable for `deno compile`; `null` where Deno has one
 */
export async function releaseByTag(
  folder: string,
  { repository, base }: { readonly repository: string; readonly base: string | null },
): Promise<TaggedRelease> {
  const source = join(folder, "source");
  const tag = `v${manifest.version}`;
  const shell = shellIn(source, await environment(folder, base));
  await copySource(source);
  const pem = join(folder, "key.pem");
  await shell(`deno run -A scripts/release/make_key.ts ${pem}`);
  const secret = await Deno.readTextFile(pem);
  await prepare(source, repository);
  await shell(`git init -q && git add -A && git ${AUTHOR} commit -qm "Release ${tag}"`);
  await shell(`git tag ${tag}`);
  for (const file of ["package.json", "package-lock.json"]) {
    await Deno.utime(join(source, file), LONG_AGO, LONG_AGO);
  }
  for (const step of await stepsOfWorkflow(source)) {
    await shell(step, { GITHUB_REF_NAME: tag, TARGET: OWN_TARGET, MESH_LLM_RELEASE_KEY: secret });
  }
  const told = (await Deno.readTextFile(join(folder, "gh.log"))).trim().split("\n");
  assert.deepEqual(told.slice(0, 4), ["release", "create", tag, "--verify-tag"]);
  const paths = told.slice(told.indexOf("--notes-file") + 2);
  return {
    version: manifest.version,
    executable: join(source, `dist/mesh-llm-${OWN_TARGET}`),
    key: await readSigningKey(secret),
    files: new Map(paths.map((path) => [basename(path), path])),
  };
}

const AUTHOR = "-c user.name=test -c user.email=test@example.com -c commit.gpgsign=false";

/** With `deno` by that name and a `gh` that only writes down what it was asked for; nothing that GitHub's runners set. */
async function environment(folder: string, base: string | null): Promise<Record<string, string>> {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  await Deno.symlink(Deno.execPath(), join(bin, "deno"));
  const gh = `#!/bin/sh\nprintf '%s\\n' "$@" >'${join(folder, "gh.log")}'\n`;
  await Deno.writeTextFile(join(bin, "gh"), gh, { mode: 0o755 });
  const kept = ["HOME", "LANG", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME", "NPM_CONFIG_REGISTRY"];
  const inherited = kept.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(inherited),
    ...(base === null ? {} : { DENORT_BIN: base }),
    PATH: `${bin}:${Deno.env.get("PATH") ?? ""}`,
  };
}

type Shell = (command: string, more?: Readonly<Record<string, string>>) => Promise<void>;

function shellIn(cwd: string, env: Readonly<Record<string, string>>): Shell {
  return async (command, more = {}) => {
    const options = { cwd, env: { ...env, ...more }, clearEnv: true, stdin: "null" } as const;
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-e", "-c", command],
      ...options,
    }).output();
    const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    assert.ok(success, `${command}\n${text}`);
  };
}

/** All that git knows of this source as it stands, committed or not, and what was installed for it. */
async function copySource(source: string): Promise<void> {
  await Deno.mkdir(source);
  const listed = "git ls-files -z --cached --others --exclude-standard";
  const pack = "tar --null --ignore-failed-read -T - -cf - 2>/dev/null";
  const { success, text } = await run(
    "bash",
    ["-c", `${listed} | ${pack} | tar -xf - -C "$0"`, source],
    { cwd: ROOT, output: "capture" },
  );
  assert.ok(success, text);
  await Deno.symlink(join(ROOT, "node_modules"), join(source, "node_modules"));
  assert.ok(await exists(join(source, "package.json")), "This source is no git checkout");
}

/** As whoever sets the first tag has to: the address, in both of its places, and the date of the changes. */
async function prepare(source: string, repository: string): Promise<void> {
  for (const file of ["package.json", "install.sh"]) {
    await change(join(source, file), (text) => text.replaceAll(manifest.repository, repository));
  }
  await change(
    join(source, "CHANGELOG.md"),
    (text) => text.replace(`${manifest.version} (unreleased)`, `${manifest.version} (2026-01-01)`),
  );
}

async function change(path: string, to: (text: string) => string): Promise<void> {
  await Deno.writeTextFile(path, to(await Deno.readTextFile(path)));
}

/** In their order; of the targets only this machine's. */
async function stepsOfWorkflow(source: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(join(source, ".github/workflows/release.yml"));
  const commands = [...text.matchAll(/^ +- run: (.*)$/gm)].map(([, command = ""]) => command);
  return commands.filter((command) => !LEFT_OUT.test(command))
    .map((command) => command.replace(/( (linux|darwin)-\w+)+$/, ` ${OWN_TARGET}`));
}
