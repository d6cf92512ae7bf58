/** Releases of a small program, signed by a key of the test, on a loopback server that has GitHub's addresses. */

import { join } from "node:path";
import { makeArchive } from "../../scripts/release/archive.ts";
import { archiveName, releaseName } from "../../scripts/release/names.ts";
import { makeSigningKey, readSigningKey, type SigningKey } from "../../scripts/release/signing.ts";
import { signSums, writeSums } from "../../scripts/release/sums.ts";
import { TARGETS } from "../../scripts/targets.ts";
import { cutTo, FaultyServer, type Reply, status, whole } from "../downloads/faulty_server.ts";

/** Of the machine that runs the tests. */
export const OWN_TARGET = TARGETS.find(({ triple }) => triple === Deno.build.target)?.name ?? "";

/** A key of the test's own. */
export async function testKey(): Promise<SigningKey> {
  return await readSigningKey((await makeSigningKey()).pem);
}

export interface ReleaseOptions {
  readonly key: SigningKey;
  /** Put into the archive. @default {a program that answers `--version` and no more} */
  readonly executable?: string;
  /** The answer of that program. @default {the version} */
  readonly answer?: string;
}

/** A folder with a release's files for this machine. */
export async function makeRelease(
  folder: string,
  version: string,
  { key, executable, answer = version }: ReleaseOptions,
): Promise<void> {
  const name = releaseName(version, OWN_TARGET);
  const inside = join(folder, name);
  await Deno.mkdir(join(inside, "completions"), { recursive: true });
  const program = join(inside, "mesh-llm");
  if (executable === undefined) await writeProgram(program, answer);
  else await Deno.copyFile(executable, program);
  await Deno.chmod(program, 0o755);
  for (const file of ["mesh-llm.bash", "_mesh-llm", "mesh-llm.fish"]) {
    await Deno.writeTextFile(join(inside, "completions", file), `# ${file}\n`);
  }
  const output = join(folder, archiveName(version, OWN_TARGET));
  await makeArchive({ folder, name, output, timeS: 0, level: 1 });
  await Deno.remove(inside, { recursive: true });
  await signedSums(folder, key);
}

export async function signedSums(folder: string, key: SigningKey): Promise<void> {
  await writeSums(folder);
  await signSums(folder, key);
}

/** Large enough that its archive does not arrive in one piece. */
async function writeProgram(path: string, answer: string): Promise<void> {
  const bytes = new Uint8Array(300_000);
  for (let at = 0; at < bytes.length; at += 50_000) {
    crypto.getRandomValues(bytes.subarray(at, at + 50_000));
  }
  await Deno.writeTextFile(path, `#!/bin/sh\necho '${answer}'\nexit\n# ${bytes.toBase64()}\n`);
}

/** The reply for the file of this name; `null` serves it as it is. */
export type Fault = (name: string, reply: Reply) => Reply | null;

/** Each by itself is what a server may do to the release of a version. */
export function releaseFaults(version: string) {
  const of = (file: string, make: (reply: Reply) => Reply): Fault => (name, reply) =>
    name === file ? make(reply) : null;
  const archive = archiveName(version, OWN_TARGET);
  const signature = "SHA256SUMS.sig";
  return {
    "another archive": of(archive, changed),
    "an archive that is cut short": of(archive, (reply) => cutTo(reply, 100_000)),
    "a cut archive that claims to be whole": of(
      archive,
      ({ body }) => whole(body.subarray(0, 100_000)),
    ),
    "no archive": of(archive, () => status(404)),
    "another list": of("SHA256SUMS", changed),
    "an endless list": of("SHA256SUMS", () => whole(new Uint8Array(1_000_000))),
    "no list": of("SHA256SUMS", () => status(500)),
    "another signature": of(signature, changed),
    "a short signature": of(signature, ({ body }) => whole(body.subarray(0, 63))),
    "an empty signature": of(signature, () => whole(new Uint8Array())),
    "no signature": of(signature, () => status(404)),
  };
}

/** A byte in the middle is another one. */
function changed({ body, ...reply }: Reply): Reply {
  const other = Uint8Array.from(body);
  other[body.length >> 1]! ^= 1;
  return { ...reply, body: other };
}

/** Serves the folders of releases by version; `latest` is the version that answers under that word. */
export async function releaseServer(
  folders: ReadonlyMap<string, string>,
  latest: string,
  fault: Fault = () => null,
): Promise<FaultyServer> {
  const files = new Map<string, Uint8Array>();
  for (const [version, folder] of folders) {
    for await (const { name } of Deno.readDir(folder)) {
      const bytes = await Deno.readFile(join(folder, name));
      files.set(`/download/v${version}/${name}`, bytes);
      if (version === latest) files.set(`/latest/download/${name}`, bytes);
    }
  }
  return new FaultyServer(({ path }) => {
    const bytes = files.get(path);
    const reply = bytes === undefined ? status(404) : whole(bytes);
    return fault(path.slice(path.lastIndexOf("/") + 1), reply) ?? reply;
  });
}
