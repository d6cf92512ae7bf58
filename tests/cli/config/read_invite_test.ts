import assert from "node:assert/strict";
import { join } from "node:path";
import { programCommand, runProgram, temporaryFolder } from "../../support/program.ts";

/** The program's answer to a text that is no token. */
const CUT = /^mesh-llm: The invite token is cut or altered/;

Deno.test("--join - takes the first line of standard input, and does not wait for its end", async () => {
  await using folder = await temporaryFolder();
  const args = ["--client", "--join", "-", "--data-dir", join(folder.path, "data")];
  const child = programCommand(args, { stdin: "piped" }, folder.path).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode("\n mesh1_AAECAwQFBgcICQ \nsomething else"));
  const [{ code }, stderr] = await Promise.all([
    child.status,
    new Response(child.stderr).text(),
    child.stdout.cancel(),
  ]);
  await input.abort().catch(() => {});
  assert.equal(code, 2);
  assert.match(stderr, CUT);
});

Deno.test("--join @FILE takes the invite of a file that nobody else may read", async () => {
  await using folder = await temporaryFolder();
  const invite = join(folder.path, "invite");
  const joinBy = (path: string) =>
    runProgram(["--client", "--join", `@${path}`, "--data-dir", join(folder.path, "data")]);
  assert.match(
    (await joinBy(invite)).stderr,
    /^mesh-llm: Cannot read the invite in .*: No such file/,
  );
  await Deno.writeTextFile(invite, "mesh1_AAECAwQFBgcICQ\n", { mode: 0o644 });
  await Deno.chmod(invite, 0o644);
  const open = await joinBy(invite);
  assert.equal(open.code, 2);
  assert.match(open.stderr, /^mesh-llm: Others may read the invite in .*: run chmod 600 /);
  await Deno.chmod(invite, 0o600);
  assert.match((await joinBy(invite)).stderr, CUT);
});

Deno.test("MESH_LLM_JOIN is an invite too, and an empty input is none", async () => {
  const env = { MESH_LLM_JOIN: "mesh1_AAECAwQFBgcICQ" };
  assert.match((await runProgram(["--client"], { env })).stderr, CUT);
  const empty = await runProgram(["--client", "--join", "-"]);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /^mesh-llm: Standard input holds no invite\n/);
});
