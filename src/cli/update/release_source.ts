/** The places of releases: on the repository's server, on one with the same addresses, or in a folder. */

import { join } from "node:path";
import { joinBytes } from "../../base/join_bytes.ts";
import type { ProxySettings } from "../../base/proxy_choice.ts";
import { systemWords } from "../../base/system_error.ts";
import { type AddressRules, httpGet, PUBLIC_ONLY } from "../../downloads/mod.ts";
import { REPOSITORY } from "../base/version.ts";
import { UpdateError } from "./update_error.ts";

export interface ReleaseSource {
  /** In words for people. */
  readonly place: string;
  /** The bytes of a release's file, of the latest release where no version is named. @throws */
  open(name: string, version: string | null, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** @param from as `--from` names it; `null` for the repository */
export function releaseSource(
  from: string | null,
  proxies: ProxySettings | undefined,
): ReleaseSource {
  if (from === null) return serverSource(repositoryReleases(), PUBLIC_ONLY, proxies);
  if (!/^https?:\/\//.test(from)) return folderSource(from);
  return serverSource(from, NAMED_BY_THE_USER, proxies);
}

/** The signature vouches for what comes, wherever it comes from; no redirect leads from https to anything else. */
const NAMED_BY_THE_USER: AddressRules = {
  allowsUrl: ({ protocol }) => protocol === "https:" || protocol === "http:",
  allowsAddress: () => true,
};

function repositoryReleases(): string {
  if (!URL.parse(REPOSITORY)?.hostname.endsWith(".invalid")) return `${REPOSITORY}/releases`;
  throw new UpdateError(
    "Cannot look for a release: this mesh-llm was made of a source that names no repository. " +
      "Name a folder or a server with --from",
  );
}

function serverSource(
  base: string,
  rules: AddressRules,
  proxies: ProxySettings | undefined,
): ReleaseSource {
  const root = base.replace(/\/+$/, "");
  return {
    place: base,
    async *open(name, version, signal) {
      const path = version === null ? `latest/download/${name}` : `download/v${version}/${name}`;
      const url = new URL(`${root}/${path}`);
      const asked = url.protocol === "https:" ? httpsOnly(rules) : rules;
      const options = { rules: asked, token: null, signal };
      const answer = await httpGet(
        url,
        {},
        proxies === undefined ? options : { ...options, proxies },
      );
      try {
        if (answer.status !== 200) throw new Error(`the server said ${answer.status} to ${url}`);
        yield* answer.body;
      } finally {
        answer.close();
      }
    },
  };
}

function httpsOnly(rules: AddressRules): AddressRules {
  return { ...rules, allowsUrl: (url) => url.protocol === "https:" && rules.allowsUrl(url) };
}

function folderSource(folder: string): ReleaseSource {
  return {
    place: folder,
    async *open(name) {
      const file = await Deno.open(join(folder, name));
      yield* file.readable;
    },
  };
}

/** Lists have a few hundred bytes, signatures 64. */
const SMALL_BYTES_MAX = 65_536;

/** A small file as a whole. @throws {UpdateError} */
export async function readSmall(
  source: ReleaseSource,
  name: string,
  version: string | null,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of source.open(name, version, signal)) {
      length += part.length;
      if (length > SMALL_BYTES_MAX) throw new Error("it is larger than any such file");
      parts.push(part);
    }
  } catch (error) {
    throw unreadable(source, name, error, signal);
  }
  return joinBytes(parts);
}

export function unreadable(
  { place }: ReleaseSource,
  name: string,
  error: unknown,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  return new UpdateError(
    `Could not get ${name} from ${place}: ${systemWords(error)}. Nothing was changed`,
    { cause: error },
  );
}
