import assert from "node:assert/strict";
import { join } from "node:path";
import { KeyFileError, parseKeys, readKeyFile } from "../../../src/api/keys/key_file.ts";

const FULL = {
  name: "team-a",
  key: "sk-secret-1",
  models: ["guide"],
  requestsPerMinute: 60,
  tokensPerMinute: 1_000,
};

Deno.test("parseKeys() takes keys with and without limits", () => {
  const text = JSON.stringify({ keys: [FULL, { name: "b", key: "sk-secret-2" }] });
  assert.deepEqual(parseKeys(text), [FULL, {
    name: "b",
    key: "sk-secret-2",
    models: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
  }]);
});

Deno.test("parseKeys() takes the right to manage where it is given", () => {
  const keys = parseKeys(JSON.stringify({ keys: [{ ...FULL, manage: true }] }));
  assert.deepEqual(keys, [{ ...FULL, manage: true }]);
});

Deno.test("parseKeys() says what is wrong without repeating a key", () => {
  const of = (...keys: unknown[]) => JSON.stringify({ keys });
  const table: [string, RegExp][] = [
    ["sk-secret-1", /^it is not JSON$/],
    ["[]", /expected object/],
    ['{"keys":[]}', /^keys: /],
    [of({ ...FULL, name: "a b" }), /^keys\.0\.name: must be/],
    [of({ ...FULL, key: "sk-secret 1" }), /^keys\.0\.key: must be one word/],
    [of({ ...FULL, key: undefined }), /^keys\.0\.key: /],
    [of({ ...FULL, tokensPerMinute: 0 }), /^keys\.0\.tokensPerMinute: /],
    [of({ ...FULL, requestsPerMinute: 1.5 }), /^keys\.0\.requestsPerMinute: /],
    [of({ ...FULL, manage: "yes" }), /^keys\.0\.manage: /],
    [of({ ...FULL, requestPerMinute: 5 }), /^keys\.0: .*requestPerMinute/],
    [of(FULL, { ...FULL, key: "sk-secret-2" }), /^keys\.1\.name is there twice$/],
    [of(FULL, { ...FULL, name: "b" }), /^keys\.1\.key is there twice$/],
  ];
  for (const [text, expected] of table) {
    const why = parseKeys(text);
    assert.ok(typeof why === "string", text);
    assert.match(why, expected);
    assert.doesNotMatch(why, /secret/);
  }
});

Deno.test("readKeyFile() reads a file that only its owner may read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "keys.json");
    await Deno.writeTextFile(path, JSON.stringify({ keys: [FULL] }), { mode: 0o600 });
    assert.deepEqual(await readKeyFile(path), [FULL]);
    const refused = (pattern: RegExp) => (error: unknown) =>
      error instanceof KeyFileError && error.message.includes(path) && pattern.test(error.message);
    if (Deno.build.os !== "windows") {
      for (const mode of [0o640, 0o604, 0o666]) {
        await Deno.chmod(path, mode);
        await assert.rejects(readKeyFile(path), refused(/others may read it .*chmod 600/));
      }
      await Deno.chmod(path, 0o600);
    }
    await Deno.writeTextFile(path, "{");
    await assert.rejects(readKeyFile(path), refused(/not JSON/));
    await Deno.remove(path);
    await assert.rejects(readKeyFile(path), refused(/No such file|cannot find/));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
