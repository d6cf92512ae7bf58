/**
 * `deno run -A scripts/release/check.ts TAG`: whether this commit may become the release of this tag. The workflow asks
 * before it builds anything; whoever sets the tag can ask too.
 */

import manifest from "../../package.json" with { type: "json" };
import { RELEASE_KEY } from "../../src/cli/update/release_key.ts";
import { complain, fromRoot, say } from "../run.ts";

export interface Candidate {
  readonly tag: string;
  readonly version: string;
  readonly repository: string;
  readonly builtIn: string | null;
  readonly key: string;
  readonly changelog: string;
}

/** SemVer 2.0.0, without metadata of a build: Debian and archives have no place for it. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Sentences. Pure. */
export function faultsOf(
  { tag, version, repository, builtIn, key, changelog }: Candidate,
): readonly string[] {
  const faults: string[] = [];
  if (!VERSION.test(version)) {
    faults.push(`package.json has version ${version}, which is none of semantic versioning`);
  }
  if (tag !== `v${version}`) {
    faults.push(`The tag is ${tag}, and package.json has version ${version}: they must agree`);
  }
  if (new URL(repository).hostname.endsWith(".invalid")) {
    faults.push("package.json names no repository yet: installers would look nowhere");
  } else if (builtIn !== null && repository !== `https://github.com/${builtIn}`) {
    faults.push(`package.json names ${repository}, and this is https://github.com/${builtIn}`);
  }
  if (key.startsWith("no-release-key")) {
    faults.push("There is no key for releases yet: run scripts/release/make_key.ts");
  }
  const heading = changelog.split("\n").find((line) => line.startsWith(`## ${version}`));
  if (heading === undefined) faults.push(`CHANGELOG.md has no section "## ${version}"`);
  else if (heading.includes("unreleased")) {
    faults.push(`CHANGELOG.md calls ${version} unreleased: give it a date`);
  }
  return faults;
}

if (import.meta.main) {
  const [tag = ""] = Deno.args;
  const found = faultsOf({
    tag,
    version: manifest.version,
    repository: manifest.repository,
    // As GitHub's runners have it; elsewhere any will do.
    builtIn: Deno.env.get("GITHUB_REPOSITORY") ?? null,
    key: RELEASE_KEY,
    changelog: await Deno.readTextFile(fromRoot("CHANGELOG.md")),
  });
  for (const fault of found) complain(fault);
  if (found.length > 0) Deno.exit(1);
  say(`${tag} may be released`);
}
