/** The notes of a release are its section of CHANGELOG.md. Pure. */

import { ReleaseError } from "./release_error.ts";

/** The lines below `## VERSION`, up to the next section. @throws {ReleaseError} */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => /^\S+/.exec(text)?.[0] === version);
  if (section === undefined) {
    throw new ReleaseError(`CHANGELOG.md has no section "## ${version}"`);
  }
  const notes = section.slice(section.indexOf("\n")).trim();
  if (notes !== "") return `${notes}\n`;
  throw new ReleaseError(`CHANGELOG.md says nothing of ${version}`);
}
