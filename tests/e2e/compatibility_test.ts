import assert from "node:assert/strict";
import { join } from "node:path";
import type { Served } from "../compatibility/case.ts";
import { CASES, CASES_APART, CASES_HERE } from "../compatibility/cases.ts";
import { failuresApart } from "../compatibility/client_process.ts";
import { tableOf, withTable } from "../compatibility/table.ts";
import { writePooledModel, writeToolModel } from "../support/guide_variants.ts";
import { temporaryFolder } from "../support/program.ts";
import { writeProjector } from "../support/projector_writer.ts";
import { answerTo, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const PAGE = new URL("../../docs/compatibility.md", import.meta.url);

Deno.test("docs/compatibility.md has the rows that are tested, with the versions in use", async () => {
  const page = await Deno.readTextFile(PAGE);
  const current = withTable(page, tableOf(CASES));
  if (Deno.env.get("MESH_LLM_WRITE_DOCS")) await Deno.writeTextFile(PAGE, current);
  else assert.equal(page, current, "write it anew with MESH_LLM_WRITE_DOCS=1");
});

nodeTest("clients that others wrote work through a host and through a client node", async () => {
  await using folder = await temporaryFolder();
  const file = (name: string) => join(folder.path, `${name}.gguf`);
  writeToolModel(file("assistant"));
  writeProjector(file("mmproj-assistant"));
  writePooledModel(file("embeddings"), "embeddings");
  writePooledModel(file("reranking"), "reranking");
  await using host = await startServing(["--model", file("assistant")]);
  const joining = ["--join", host.token];
  await using _embeds = await startServing(["--model", file("embeddings"), ...joining]);
  await using _ranks = await startServing(["--model", file("reranking"), ...joining]);
  await using client = await startServing(["--client", ...joining]);
  const servers = [host, client].map(({ ready }): Served => ({
    url: ready.api,
    chat: "assistant",
    embeddings: "embeddings",
    reranking: "reranking",
    hello: answerTo("hello"),
  }));
  for (const node of [host, client]) {
    for (const model of ["assistant", "embeddings", "reranking"]) {
      await until(node, `${model} is warm`, warm(model));
    }
  }
  const failures: string[] = [];
  for (const served of servers) {
    for (const { client, feature, run } of CASES_HERE) {
      await run(served).catch((error) => {
        failures.push(`${client}, ${feature}, ${served.url}: ${error.stack ?? error}`);
      });
    }
  }
  for (const client of new Set(CASES_APART.map(({ client }) => client))) {
    failures.push(...await failuresApart(client, servers));
  }
  assert.deepEqual(failures, []);
});
