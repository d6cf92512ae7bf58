/**
 * `scripts/denort.ts` prints the path of the base executable that `deno compile` needs, for machines that reach the npm
 * registry and not Deno's own server: `DENORT_BIN=$(deno run -A scripts/denort.ts) deno task compile`.
 *
 * It comes out of a package on npm that was made with `deno compile`: such a file is denort with a payload behind it.
 * Nothing of that payload is kept or run.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { fetchPackage } from "./npm_package.ts";
import { complain, say } from "./run.ts";

const VERSION = "2.9.4";
const TARGET = "x86_64-unknown-linux-gnu";
const SHA256 = "723d45cca4f68bd66652da1e0d45562b0700317c1535981035f50f078785a131";

/** Made with this version of Deno. */
const PACKAGE = "@chelonia/cli-x64-linux@3.4.0";
const EXECUTABLE = "chel";

/** The tables of an ELF file that the payload has moved and lengthened, as they stood before. */
export interface ElfTables {
  readonly sectionsAt: number;
  readonly sections: number;
  readonly programHeaders: number;
}

const TABLES: ElfTables = { sectionsAt: 0x669b808, sections: 38, programHeaders: 12 };

/** Sizes and places in the header of a 64-bit ELF file: its specification, "ELF header". */
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const PROGRAM_HEADERS_FIELD = 32;
const SECTIONS_FIELD = 40;
const PROGRAM_HEADER_COUNT_FIELD = 56;
const SECTION_COUNT_FIELD = 60;

/** The base executable can't be had here. */
export class DenortMissingError extends Error {
  override name = "DenortMissingError";
}

if (import.meta.main) {
  try {
    say(await denort());
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}

/**
 * Made once for all checkouts of this user.
 * @throws {DenortMissingError | PackageMissingError}
 */
export async function denort(folder = cacheFolder()): Promise<string> {
  const { version: { deno }, build: { target } } = Deno;
  if (deno !== VERSION || target !== TARGET) {
    throw new DenortMissingError(
      `A base executable is made for Deno ${VERSION} on ${TARGET} only, and this is Deno ${deno} on ${target}`,
    );
  }
  const path = join(folder, `denort-${VERSION}`);
  if (await isMade(path)) return path;
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    const unpacked = join(work, "package");
    await Deno.mkdir(unpacked);
    await fetchPackage(PACKAGE, unpacked);
    const draft = join(work, "denort");
    await Deno.writeFile(draft, checked(await Deno.readFile(join(unpacked, EXECUTABLE))), {
      mode: 0o755,
    });
    await Deno.rename(draft, path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return path;
}

/** @throws {DenortMissingError} where the executable is not the one whose tables are known. */
export function checked(executable: Uint8Array): Uint8Array {
  const base = withoutPayload(executable, TABLES);
  const found = digestOf(base);
  if (found === SHA256) return base;
  throw new DenortMissingError(
    `${PACKAGE} is not what it was: the base executable in it has the SHA-256 ${found} and should have ${SHA256}`,
  );
}

/** The file up to the end of its tables, and a header that knows of nothing behind them. */
export function withoutPayload(executable: Uint8Array, tables: ElfTables): Uint8Array {
  const { sectionsAt, sections, programHeaders } = tables;
  const base = executable.slice(0, sectionsAt + sections * SECTION_BYTES);
  if (base.length < HEADER_BYTES) throw new DenortMissingError("The file is cut short");
  const header = new DataView(base.buffer);
  header.setBigUint64(PROGRAM_HEADERS_FIELD, BigInt(HEADER_BYTES), true);
  header.setBigUint64(SECTIONS_FIELD, BigInt(sectionsAt), true);
  header.setUint16(PROGRAM_HEADER_COUNT_FIELD, programHeaders, true);
  header.setUint16(SECTION_COUNT_FIELD, sections, true);
  return base;
}

async function isMade(path: string): Promise<boolean> {
  return await Deno.readFile(path).then((bytes) => digestOf(bytes) === SHA256, () => false);
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME, HOME = "." } = Deno.env.toObject();
  return join(XDG_CACHE_HOME || join(HOME, ".cache"), "mesh-llm-denort");
}
