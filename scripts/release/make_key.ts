/**
 * `deno run -A scripts/release/make_key.ts FILE`: makes the key of this project's releases, once. The secret half goes
 * into FILE, for the secrets of the repository (MESH_LLM_RELEASE_KEY) and a safe place; the public one into the source.
 */

import { RELEASE_KEY } from "../../src/cli/update/release_key.ts";
import { complain, fromRoot, say } from "../run.ts";
import { INSTALLER } from "./names.ts";
import { KEY_VARIABLE, makeSigningKey } from "./signing.ts";

/** The only places of the public half. */
const PLACES = ["src/cli/update/release_key.ts", INSTALLER];

const [path, ...more] = Deno.args;
if (path === undefined || more.length > 0) {
  complain("Name one file for the secret half of the key, outside of this repository");
  Deno.exit(2);
}
const { publicKey, pem } = await makeSigningKey();
await Deno.writeTextFile(path, pem, { createNew: true, mode: 0o600 });
for (const place of PLACES) {
  const text = await Deno.readTextFile(fromRoot(place));
  await Deno.writeTextFile(fromRoot(place), text.replaceAll(RELEASE_KEY, publicKey));
}
say(`The secret half is in ${path}: put it into the secret ${KEY_VARIABLE} of the repository`);
say(`The public half is in ${PLACES.join(" and ")}: commit them`);
say("Executables with the former key refuse releases that are signed with this one");
