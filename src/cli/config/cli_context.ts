/** The context in which argv is read, and the options that every command takes from it. Pure. */

import { join, resolve } from "node:path";
import type { ModelEnvironment } from "../../models/mod.ts";
import type { LastStart } from "./last_start.ts";
import { UsageError } from "../base/usage_error.ts";
import { parseKey } from "./values.ts";

/** The variables that mean something to mesh-llm. An empty one counts as absent. */
export interface Environment extends ModelEnvironment {
  readonly MESH_LLM_HOME?: string | undefined;
  readonly MESH_LLM_JOIN?: string | undefined;
  readonly MESH_LLM_API_KEY?: string | undefined;
  readonly MESH_LLM_ADMIN_KEY?: string | undefined;
  /** Of Hugging Face's own tools: where models come from, and the token of an account there. */
  readonly HF_ENDPOINT?: string | undefined;
  readonly HF_TOKEN?: string | undefined;
  /** The way to the outside, for downloads; in lower case as well. */
  readonly HTTPS_PROXY?: string | undefined;
  readonly HTTP_PROXY?: string | undefined;
  readonly ALL_PROXY?: string | undefined;
  readonly NO_PROXY?: string | undefined;
}

/** The facts against which the command line is read. */
export interface Facts {
  readonly hostname: string;
  /** `undefined` where the user has none; then the data directory must be named. */
  readonly home: string | undefined;
  readonly cwd: string;
  /** A configuration file, where there is one. */
  readConfig(path: string): { readonly text: string; readonly mode: number | null } | undefined;
  /** The last use of a data directory that belongs to a mesh. */
  readLastStart(dataDir: string): LastStart | undefined;
  /** API keys were made for the node of this data directory. */
  hasMadeKeys(dataDir: string): boolean;
}

/** The options that every command takes. */
export interface DataOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

export interface CliContext {
  readonly environment: Environment;
  readonly facts: Facts;
}

export function dataOf(
  options: DataOptions,
  around: CliContext,
): { dataDir: string; json: boolean } {
  return { dataDir: dataDirOf(options, around), json: options.json ?? false };
}

export function dataDirOf(options: DataOptions, { environment, facts }: CliContext): string {
  const named = options.dataDir ?? (environment.MESH_LLM_HOME || undefined);
  if (named !== undefined) return resolve(facts.cwd, named);
  if (facts.home !== undefined) return join(facts.home, ".mesh-llm");
  throw new UsageError(
    "There is no home directory to keep files in: name one with --data-dir or MESH_LLM_HOME",
  );
}

/** `null` where no data directory is named and there is no home: then nothing can be started either. */
export function configPath({ dataDir }: DataOptions, around: CliContext): string | null {
  const { environment, facts } = around;
  const isKnown = dataDir ?? environment.MESH_LLM_HOME ?? facts.home;
  return isKnown
    ? join(dataDirOf(dataDir === undefined ? {} : { dataDir }, around), "config.toml")
    : null;
}

export function absolute(path: string | undefined, { facts }: CliContext): string | null {
  return path === undefined ? null : resolve(facts.cwd, path);
}

export function keyFrom(
  variable: "MESH_LLM_ADMIN_KEY",
  { environment }: CliContext,
): string | null {
  const key = environment[variable];
  return key ? parseKey(variable, key) : null;
}
