/**
 * `deno run -A scripts/release/sign_macos.ts EXECUTABLE`, on macOS: signs it ad hoc, or by Apple's certificate and with a
 * notarisation, where the repository has the secrets for that. Nobody has run the latter yet.
 */

import { join } from "node:path";
import { complain, run, say } from "../run.ts";

/** Secrets of the repository; all of them, or none. */
const VARIABLES = [
  "MESH_LLM_APPLE_CERTIFICATE", // a PKCS#12 file in base64
  "MESH_LLM_APPLE_CERTIFICATE_PASSWORD",
  "MESH_LLM_APPLE_ID",
  "MESH_LLM_APPLE_PASSWORD", // one for this app
  "MESH_LLM_APPLE_TEAM",
] as const;

export type AppleSecrets = Readonly<Record<typeof VARIABLES[number], string>>;

/** V8 makes code while it runs, and the QUIC addon is a library that Apple has not signed. */
export const ENTITLEMENTS = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
<key>com.apple.security.cs.allow-jit</key>
<true/>
<key>com.apple.security.cs.allow-unsigned-executable-memory</key>
<true/>
<key>com.apple.security.cs.disable-library-validation</key>
<true/>
</dict>
</plist>
`;

/** `null` where none is set, as an empty one is in a fork. @throws {TypeError} where some are missing. Pure. */
export function appleSecrets(
  env: Readonly<Record<string, string | undefined>>,
): AppleSecrets | null {
  const missing = VARIABLES.filter((name) => !env[name]);
  if (missing.length === VARIABLES.length) return null;
  if (missing.length > 0) {
    throw new TypeError(`Without ${missing.join(", ")} there is no notarisation`);
  }
  return env as AppleSecrets;
}

type Step = readonly [program: string, ...args: string[]];

/** Commands, one after the other. Pure. */
export function signingSteps(
  executable: string,
  secrets: AppleSecrets | null,
  folder: string,
): readonly Step[] {
  const verify: Step = ["codesign", "--verify", "--strict", executable];
  if (secrets === null) return [["codesign", "--force", "--sign", "-", executable], verify];
  const keychain = join(folder, "release.keychain-db");
  const archive = join(folder, "mesh-llm.zip");
  const password = secrets.MESH_LLM_APPLE_CERTIFICATE_PASSWORD;
  return [
    ["security", "create-keychain", "-p", password, keychain],
    ["security", "unlock-keychain", "-p", password, keychain],
    [
      "security",
      "import",
      join(folder, "certificate.p12"),
      "-k",
      keychain,
      "-P",
      password,
      "-T",
      "/usr/bin/codesign",
    ],
    ["security", "set-key-partition-list", "-S", "apple-tool:,apple:", "-k", password, keychain],
    ["security", "list-keychains", "-d", "user", "-s", keychain],
    [
      "codesign",
      "--force",
      "--timestamp",
      "--options",
      "runtime",
      "--entitlements",
      join(folder, "entitlements.plist"),
      "--sign",
      "Developer ID Application",
      executable,
    ],
    verify,
    // A bare executable can't carry its ticket: macOS asks Apple for it at the first start.
    ["ditto", "-c", "-k", executable, archive],
    [
      "xcrun",
      "notarytool",
      "submit",
      archive,
      "--wait",
      "--apple-id",
      secrets.MESH_LLM_APPLE_ID,
      "--password",
      secrets.MESH_LLM_APPLE_PASSWORD,
      "--team-id",
      secrets.MESH_LLM_APPLE_TEAM,
    ],
  ];
}

if (import.meta.main) {
  const [executable = ""] = Deno.args;
  const secrets = appleSecrets(Deno.env.toObject());
  const folder = await Deno.makeTempDir({ prefix: "mesh-llm-sign-" });
  try {
    await Deno.writeTextFile(join(folder, "entitlements.plist"), ENTITLEMENTS);
    if (secrets !== null) {
      const certificate = Uint8Array.fromBase64(secrets.MESH_LLM_APPLE_CERTIFICATE);
      await Deno.writeFile(join(folder, "certificate.p12"), certificate, { mode: 0o600 });
    }
    for (const [program, ...args] of signingSteps(executable, secrets, folder)) {
      const { success, text } = await run(program, args, { output: "capture" });
      if (success) continue;
      // Not its arguments: secrets are among them.
      complain(`${program} ${args[0]} failed: ${text.trim()}`);
      Deno.exit(1);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  say(`${executable} is signed ${secrets === null ? "ad hoc" : "and notarised"}`);
}
