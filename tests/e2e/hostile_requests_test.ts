/** Requests that would end llama-server, or make it read addresses: by the API, and by a peer past every gateway. */

import { endLibp2pLeaks } from "../mesh/leak_guard.ts";
import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { MESH_DEFAULTS } from "../../src/mesh/config.ts";
import { startMesh } from "../../src/mesh/mod.ts";
import { HTTP_PROTOCOL, opener } from "../../src/node/ends/protocols.ts";
import { forwardHttp } from "../../src/tunnel/mod.ts";
import { engineProcesses } from "../support/processes.ts";
import { temporaryFolder } from "../support/program.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const DEEP = 500_000;

const messages = [{ role: "user", content: "hi" }];

const bodies: readonly [what: string, body: (address: string) => string][] = [
  ["a grammar nested deeply", () => json({ grammar: `root ::= ${"(".repeat(20_000)}` })],
  ["a grammar of many rules", () => json({ grammar: "r ::= r\n".repeat(200_000) })],
  [
    "a chain of references",
    () => {
      const rules = Array.from({ length: 20_000 }, (_, i) => [`a${i}`, refTo(`a${i + 1}`)]);
      const schema = { ...refTo("a0"), $defs: Object.fromEntries(rules) };
      return json({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } });
    },
  ],
  ["JSON nested deeply", () => `{"model": "guide", "x": ${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`],
  [
    "a picture by its address",
    (url) =>
      json({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] }),
  ],
];

function json(more: Record<string, unknown>): string {
  return JSON.stringify({ model: "guide", max_tokens: 2, messages, ...more });
}

function refTo(name: string) {
  return { $ref: `#/$defs/${name}` };
}

nodeTest(
  "what would end llama-server is refused at the API, and to a peer that asks the host itself",
  async () => {
    await using node = await startServing(["--model", "guide"]);
    await until(node, "a warm guide", warm("guide"));
    await using folder = await temporaryFolder();
    const mesh = await startMesh({
      dataDir: folder.path,
      config: { ...MESH_DEFAULTS, lan: false, portMapping: false, join: node.token },
      role: "client",
      name: "raw",
      version: "0.1.0",
      logger: getLogger("test"),
    });
    const strays = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let contacts = 0;
    const listening = strays.accept().then((connection) => {
      contacts += 1;
      connection.close();
    }, () => {});
    try {
      await mesh.refreshRoutes({ force: true });
      const [instance] = mesh.routes().instances;
      assert.ok(instance);
      const [before] = await engineProcesses(node.pid, "llama-server");
      const headers = { "content-type": "application/json" };
      const url = `http://127.0.0.1:${(strays.addr as Deno.NetAddr).port}/picture.png`;
      for (const [what, bodyOf] of bodies) {
        const body = bodyOf(url);
        const path = "/v1/chat/completions";
        const byApi = await fetch(node.ready.api + path, { method: "POST", headers, body });
        await byApi.body?.cancel();
        const byTunnel = await forwardHttp(opener(mesh, HTTP_PROTOCOL), instance.host, {
          requestId: "raw",
          model: instance.model,
          method: "POST",
          path,
          headers: new Headers(headers),
          body: new TextEncoder().encode(body),
          signal: new AbortController().signal,
        });
        await byTunnel.body?.cancel();
        assert.deepEqual([byApi.status, byTunnel.status], [400, 400], what);
      }
      await answersExactly(node);
      const [after] = await engineProcesses(node.pid, "llama-server");
      assert.equal(after?.pid, before?.pid, "llama-server was never started again");
      assert.equal(contacts, 0, "nobody read the address of the picture");
    } finally {
      strays.close();
      await listening;
      await mesh.stop();
      endLibp2pLeaks();
    }
  },
);
