import assert from "node:assert/strict";
import { exemptLoopback, noProxyWithLoopback } from "../../../src/cli/terminal/proxy.ts";

Deno.test("noProxyWithLoopback() adds what is missing and keeps the rest", () => {
  assert.equal(noProxyWithLoopback(undefined), "localhost,127.0.0.1,::1");
  assert.equal(noProxyWithLoopback(""), "localhost,127.0.0.1,::1");
  assert.equal(noProxyWithLoopback("a.example, localhost"), "a.example,localhost,127.0.0.1,::1");
  assert.equal(noProxyWithLoopback("*"), "*");
});

Deno.test("a proxy in the environment does not stand between a node and its own ports", async () => {
  const before = new Map(["HTTP_PROXY", "NO_PROXY", "no_proxy"].map((name) => [
    name,
    Deno.env.get(name),
  ]));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("reached"),
  );
  try {
    Deno.env.set("HTTP_PROXY", "http://127.0.0.1:9");
    exemptLoopback(Deno.env);
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const init: RequestInit & { client: Deno.HttpClient } = { client };
    const response = await fetch(`http://127.0.0.1:${server.addr.port}/`, init);
    assert.equal(await response.text(), "reached");
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await server.shutdown();
  }
});
