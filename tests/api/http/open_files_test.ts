import assert from "node:assert/strict";
import { connectionsAllowed, softLimit } from "../../../src/api/http/open_files.ts";
import { listen } from "../../../src/api/http/listen.ts";

Deno.test("connectionsAllowed() leaves files for all else, however few there are", () => {
  const table: [number, number, number][] = [
    [1_024, 1, 512],
    [256, 0.75, 96],
    [20_000, 0.75, 14_616],
    [20_000, 0.25, 4_872],
    [1_048_576, 0.75, 24_576],
  ];
  for (const [files, share, allowed] of table) {
    assert.equal(connectionsAllowed(files, share), allowed, `${files} ${share}`);
  }
});

Deno.test("softLimit() reads Linux's table of limits", () => {
  const table =
    "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288  files\n";
  assert.equal(softLimit(table), 1_024);
  assert.equal(softLimit(table.replace("1024", "unlimited")), undefined);
  assert.equal(softLimit(""), undefined);
});

// The listener ended, or never accepted again, once the process could open no more files.
Deno.test("A port that holds all the connections it may answers again when they have gone", async () => {
  const onError = () => new Response();
  const address = { hostname: "127.0.0.1", port: 0, flag: "--port", onError };
  const server = await listen({ ...address, maxConnections: 5 }, () => new Response("hello"));
  const { hostname, port } = new URL(server.url);
  const open: Deno.TcpConn[] = [];
  for (let n = 0; n < 20; n++) open.push(await Deno.connect({ hostname, port: Number(port) }));
  // The sixth and all later ones are hung up on.
  for (const connection of open.slice(5)) {
    assert.equal(await connection.read(new Uint8Array(1)).catch(() => null), null);
  }
  await assert.rejects(fetch(server.url));
  for (const connection of open) connection.close();
  let answer: Response | undefined;
  while (answer === undefined) answer = await fetch(server.url).catch(() => undefined);
  assert.equal(await answer.text(), "hello");
  await server.stop(0);
});
