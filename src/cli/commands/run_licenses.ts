/** `mesh-llm licenses`: what is in the executable, by whom, and under which terms. */

import { jsonText } from "../../base/printable.ts";
import { unlessMissing } from "../../base/unless_missing.ts";
import { LicensesMissingError } from "../base/licenses_missing.ts";
import { printOut } from "../base/output.ts";
import type { LicensesCommand } from "../config/command.ts";

/** As scripts/licenses.ts writes it when the executable is made. */
export interface Licenses {
  readonly parts: readonly {
    readonly name: string;
    readonly version: string;
    readonly license: string;
    readonly texts: readonly number[];
  }[];
  readonly texts: readonly string[];
}

export async function runLicenses({ json }: LicensesCommand): Promise<number> {
  const text = await unlessMissing(Deno.readTextFile(new URL("licenses.json", import.meta.url)));
  if (text === undefined) throw new LicensesMissingError();
  const licenses: Licenses = JSON.parse(text);
  printOut(json ? jsonText(licenses, { indent: 2 }) : licensesText(licenses));
  return 0;
}

/** All parts first, then each text with those that it is for. */
export function licensesText({ parts, texts }: Licenses): string {
  const named = parts.map(({ name, version, license }) => `${name} ${version}: ${license}`);
  const sections = texts.map((text, index) => {
    const users = parts.filter((part) => part.texts.includes(index)).map(({ name }) => name);
    return `${LINE}\n${users.join(", ")}\n\n${text}`;
  });
  return [ABOUT, named.join("\n"), ...sections].join("\n\n") + "\n";
}

const LINE = "-".repeat(79);

const ABOUT =
  `This executable holds the following. The guide model belongs to mesh-llm. The console has no
fonts of its own. llama.cpp is not part of it: what engine install fetches comes with its own licence, MIT.`;
