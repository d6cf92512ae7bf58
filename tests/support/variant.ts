/** An executable of another version: the same but for one text in it. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import manifest from "../../package.json" with { type: "json" };

/** Of the same length as the version of package.json. */
export function laterVersion(patch: number): string {
  return manifest.version.replace(/\d$/, String(patch));
}

export async function writeVariant(
  executable: string,
  path: string,
  { version }: { readonly version: string },
): Promise<void> {
  const bytes = await Deno.readFile(executable);
  replaceOnce(bytes, `version: "${manifest.version}"`, `version: "${version}"`);
  await Deno.writeFile(path, bytes, { mode: 0o755 });
}

function replaceOnce(bytes: Uint8Array, text: string, other: string): void {
  assert.equal(other.length, text.length);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = view.indexOf(text);
  assert.ok(at >= 0, `The executable does not hold ${text}`);
  assert.equal(view.indexOf(text, at + 1), -1, `The executable holds ${text} twice`);
  view.write(other, at);
}
