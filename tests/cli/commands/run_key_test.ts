import assert from "node:assert/strict";
import { keysText } from "../../../src/cli/commands/run_key.ts";
import { runProgram } from "../../support/program.ts";
import { withManagementApi } from "../management.ts";

const LIMITS = { requestsPerMinute: null, tokensPerMinute: null };

Deno.test("keysText() is a table of the keys, or says that there are none", () => {
  const text = keysText([
    { ...LIMITS, name: "ci", models: null, manage: true, made: false },
    { ...LIMITS, name: "bob", models: ["a", "b"], manage: false, made: true },
  ]);
  assert.deepEqual(text.trimEnd().split("\n").map((line) => line.split(/ {2,}/)), [
    ["NAME", "MODELS", "MANAGES", "FROM"],
    ["ci", "all", "yes", "the start"],
    ["bob", "a, b", "no", "key make, console"],
  ]);
  assert.match(keysText([]), /asks nobody for a key/);
});

Deno.test("a key is made, listed and removed at the running node", () => {
  let keys: unknown[] = [];
  const answer = (path: string) =>
    Response.json(path === "/api/keys" ? { name: "bob", key: "sk-mesh-1", keys } : {});
  return withManagementApi({ answer }, async ({ dataDir, requests }) => {
    const run = async (words: string, told = "") => {
      const { code, stdout, stderr } = await runProgram([
        "--data-dir",
        dataDir,
        "key",
        ...words.split(" "),
      ]);
      assert.deepEqual([code, stderr], [0, told], words);
      return stdout;
    };
    const first =
      "This is the first key: from now on the API asks every caller for one, the console's chat too\n";
    assert.equal(await run("make bob --model a --model b", first), "sk-mesh-1\n");
    assert.deepEqual(JSON.parse(await run("make bob --json")), { name: "bob", key: "sk-mesh-1" });
    assert.match(await run("list"), /asks nobody/);
    const open = "The API of this node asks nobody for a key\n";
    assert.equal(await run("remove b@b"), `The key b@b is removed\n${open}`);
    keys = [{ ...LIMITS, name: "ci", models: null, manage: false, made: true }];
    assert.equal(await run("make bob"), "sk-mesh-1\n");
    assert.equal(await run("remove bob"), "The key bob is removed\n");
    const changes = requests.filter(({ path, body }) => body !== "" || path !== "/api/keys");
    assert.deepEqual(
      changes.map(({ path, body }) => [path, body === "" ? null : JSON.parse(body)]),
      [
        ["/api/keys", { name: "bob", models: ["a", "b"] }],
        ["/api/keys", { name: "bob", models: null }],
        ["/api/keys/b%40b", null],
        ["/api/keys", { name: "bob", models: null }],
        ["/api/keys/bob", null],
      ],
    );
  });
});
