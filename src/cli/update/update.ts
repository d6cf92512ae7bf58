/** A newer release, found, checked and put in the place of this executable: docs/install.md. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { runCommand } from "../../base/run_command.ts";
import { writeAll } from "../../base/write_all.ts";
import { UPDATE_BYTES_MAX } from "../base/defaults.ts";
import { previousOf, versionOf, workFolder } from "./place.ts";
import {
  findRelease,
  LIST,
  type ListedRelease,
  readKey,
  requireSignature,
  SIGNATURE,
} from "./release_list.ts";
import { readSmall, type ReleaseSource, unreadable } from "./release_source.ts";
import { swapBack, swapIn } from "./swap.ts";
import { UpdateError } from "./update_error.ts";
import { compareReleases } from "../../base/release_versions.ts";

export interface UpdateWorld {
  readonly source: ReleaseSource;
  /** `RELEASE_KEY`. */
  readonly key: string;
  /** `linux-x64`. */
  readonly target: string;
  /** Its path, without links. */
  readonly executable: string;
  readonly signal: AbortSignal;
  /** Called while another update goes on. @throws to give up */
  readonly wait: () => Promise<void>;
  /** How many bytes of the archive have come. */
  readonly onBytes: (bytes: number) => void;
}

export interface Updated {
  readonly from: string;
  readonly to: string;
}

/** The latest release that the key vouches for, or the named one. @throws {UpdateError} */
export async function lookForRelease(
  { source, key, target, signal }: Pick<UpdateWorld, "source" | "key" | "target" | "signal">,
  version: string | null,
): Promise<ListedRelease> {
  const trusted = readKey(key);
  const list = await readSmall(source, LIST, version, signal);
  const signature = await readSmall(source, SIGNATURE, version, signal);
  await requireSignature(list, signature, trusted);
  return findRelease(new TextDecoder().decode(list), { target, version });
}

/**
 * Puts the latest release in the place of the executable, or the named one, be it an older one.
 * @returns equal versions where there is nothing to do
 * @throws {UpdateError} with everything as it was
 */
export async function update(world: UpdateWorld, version: string | null): Promise<Updated> {
  const { executable, signal, wait } = world;
  const release = await lookForRelease(world, version);
  await using work = await workFolder(executable, wait);
  // After the wait, in which another update may have come to its end.
  const from = await versionOf(executable, signal);
  const order = compareReleases(release.version, from);
  if (order === 0) return { from, to: from };
  if (order < 0 && version === null) {
    throw new UpdateError(
      `The latest release is ${release.version}, and this is mesh-llm ${from}: ` +
        `mesh-llm update --to ${release.version} goes back to it. Nothing was changed`,
    );
  }
  const fresh = await fetchExecutable(release, world, work.path);
  await swapIn(fresh, executable, work.path);
  return { from, to: release.version };
}

/** Goes back to the executable that the last update has replaced, and forth again. @throws {UpdateError} */
export async function rollBack(
  { executable, signal, wait }: Pick<UpdateWorld, "executable" | "signal" | "wait">,
): Promise<Updated> {
  await using work = await workFolder(executable, wait);
  const previous = previousOf(executable);
  if (!await Deno.stat(previous).then(() => true, () => false)) {
    throw new UpdateError(`There is no former mesh-llm: ${previous} is not there`);
  }
  const to = await versionOf(previous, signal);
  const from = await versionOf(executable, signal);
  await swapBack(executable, work.path);
  return { from, to };
}

async function fetchExecutable(
  release: ListedRelease,
  { source, target, signal, onBytes }: UpdateWorld,
  work: string,
): Promise<string> {
  const { archive, version } = release;
  const path = join(work, archive);
  const found = await fetchArchive(path, release, { source, signal, onBytes });
  if (found !== release.sha256) {
    throw new UpdateError(
      `Refused to update: ${archive} from ${source.place} is not the file that the release lists. Nothing was changed`,
    );
  }
  const folder = archive.slice(0, -".tar.gz".length);
  const member = `${folder}/mesh-llm`;
  const args = ["-xzf", path, "-C", work, "--no-same-owner", member];
  const { code, stderr } = await runCommand("tar", args, { signal });
  if (code !== 0) {
    const [reason = ""] = stderr.trim().split("\n");
    throw new UpdateError(`Could not unpack ${archive}: ${reason}. Nothing was changed`);
  }
  const fresh = join(work, member);
  const told = await versionOf(fresh, signal);
  if (told === version) return fresh;
  throw new UpdateError(
    `Refused to update: mesh-llm ${version} for ${target} says that it is ${told}. Nothing was changed`,
  );
}

/** @returns the SHA-256 of what has come */
async function fetchArchive(
  path: string,
  { archive, version }: ListedRelease,
  { source, signal, onBytes }: Pick<UpdateWorld, "source" | "signal" | "onBytes">,
): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, createNew: true });
  let length = 0;
  try {
    for await (const part of source.open(archive, version, signal)) {
      length += part.length;
      if (length > UPDATE_BYTES_MAX) throw new Error("it is larger than any release");
      hash.update(part);
      await writeAll(file, part);
      onBytes(length);
    }
  } catch (error) {
    throw unreadable(source, archive, error, signal);
  }
  return hash.digest("hex");
}
