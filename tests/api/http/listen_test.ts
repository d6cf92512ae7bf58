import assert from "node:assert/strict";
import {
  listen,
  ListenError,
  type ListenOptions,
  PortInUseError,
} from "../../../src/api/http/listen.ts";
import { Duplex } from "node:stream";
import { refuseOn } from "../../../src/api/http/malformed.ts";
import { RawHttp } from "../raw_http.ts";

const options: ListenOptions = {
  hostname: "127.0.0.1",
  port: 0,
  flag: "--port",
  onError: () => new Response("failed", { status: 500 }),
};

Deno.test("listen() answers at its URL", async () => {
  const listener = await listen(options, () => new Response("hello"));
  assert.match(listener.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(await (await fetch(listener.url)).text(), "hello");
  await listener.stop(0);
  await listener.stop(0);
});

Deno.test("listen() names the port and the flag where a port is in use", async () => {
  const first = await listen(options, () => new Response());
  const port = Number(new URL(first.url).port);
  await assert.rejects(() => listen({ ...options, port }, () => new Response()), (error) => {
    assert.ok(error instanceof PortInUseError);
    assert.match(error.message, new RegExp(`Port ${port} is in use.*--port`));
    return true;
  });
  await first.stop(0);
});

Deno.test("listen() says which address it could not have", async () => {
  const hostname = "203.0.113.1";
  await assert.rejects(() => listen({ ...options, hostname }, () => new Response()), (error) => {
    assert.ok(error instanceof ListenError);
    assert.match(error.message, /203\.0\.113\.1/);
    return true;
  });
});

Deno.test("listen() gives a URL that can be opened where it is bound to all addresses", async () => {
  const listener = await listen({ ...options, hostname: "0.0.0.0" }, () => new Response("hello"));
  assert.equal(await (await fetch(listener.url)).text(), "hello");
  await listener.stop(0);
});

Deno.test("A caller that hangs up before its answer aborts the request's signal", async () => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const listener = await listen(options, async ({ signal }) => {
    arrived.resolve();
    const gone = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => gone.resolve(), { once: true });
    await gone.promise;
    aborted.resolve();
    return new Response();
  });
  const caller = await RawHttp.connect(listener.url);
  await caller.send(["POST / HTTP/1.1", "Host: localhost", "Content-Length: 2"], "{}");
  await arrived.promise;
  caller[Symbol.dispose]();
  await aborted.promise;
  await listener.stop(0);
});

Deno.test("A caller that hangs up during its answer cancels the body", async () => {
  const cancelled = Promise.withResolvers<void>();
  const listener = await listen(options, () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
        cancel: () => cancelled.resolve(),
      }),
    ));
  {
    using caller = await RawHttp.connect(listener.url);
    await caller.send(["GET / HTTP/1.1", "Host: localhost"]);
    assert.match(await caller.receive(/first/), /200 OK/);
  }
  await cancelled.promise;
  await listener.stop(0);
});

Deno.test("An answer that breaks off ends the connection without its last chunk", async () => {
  let pulls = 0;
  const listener = await listen(options, () =>
    new Response(
      new ReadableStream({
        pull: (controller) =>
          pulls++ === 0
            ? controller.enqueue(new TextEncoder().encode("first"))
            : controller.error(new Error("died")),
      }),
    ));
  using caller = await RawHttp.connect(listener.url);
  await caller.send(["GET / HTTP/1.1", "Host: localhost"]);
  const received = await caller.receive();
  assert.match(received, /first/);
  assert.doesNotMatch(received, /\r\n0\r\n/);
  await listener.stop(0);
});

Deno.test("stop() lets an answer under way end, and idle connections do not hold it", async () => {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const listener = await listen(options, async (request) => {
    if (new URL(request.url).pathname === "/idle") return new Response("idle");
    arrived.resolve();
    await release.promise;
    return new Response("the answer");
  });
  using idle = await RawHttp.connect(listener.url);
  await idle.send(["GET /idle HTTP/1.1", "Host: localhost"]);
  await idle.receive(/idle$/);
  using silent = await RawHttp.connect(listener.url);
  using busy = await RawHttp.connect(listener.url);
  await busy.send(["GET /busy HTTP/1.1", "Host: localhost"]);
  await arrived.promise;
  const stopped = listener.stop(60_000);
  release.resolve();
  await stopped;
  assert.match(await busy.receive(), /the answer$/);
  assert.equal(await silent.receive(), "");
});

Deno.test("stop() hangs up on answers that do not end within the grace", async () => {
  const aborted = Promise.withResolvers<void>();
  const listener = await listen(options, ({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve(), { once: true });
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
      }),
    );
  });
  using caller = await RawHttp.connect(listener.url);
  await caller.send(["GET / HTTP/1.1", "Host: localhost"]);
  await caller.receive(/first/);
  await listener.stop(1);
  await aborted.promise;
  assert.doesNotMatch(await caller.receive(), /\r\n0\r\n/);
});

Deno.test("A CONNECT that is sent into an answer ends the connection, and nothing is written into the answer", async () => {
  const listener = await listen(options, () => {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) =>
      controller.enqueue(new TextEncoder().encode("first"));
    return new Response(new ReadableStream({ start }), {
      headers: { "content-type": "text/event-stream" },
    });
  });
  using caller = await RawHttp.connect(listener.url);
  await caller.send(["GET / HTTP/1.1", "Host: localhost"]);
  await caller.receive(/first/);
  await caller.send(["CONNECT a:1 HTTP/1.1", "Host: a:1"]);
  assert.match(await caller.receive(), /first\r\n$/);
  await listener.stop(0);
});

Deno.test("A caller that is lost while it is refused leaves no error that would end the process", async () => {
  const lost = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(new Error("read ECONNRESET")),
  });
  const closed = Promise.withResolvers<void>();
  lost.once("close", closed.resolve);
  refuseOn(lost, { kind: "foreign-host", host: "a:1" }, undefined);
  await closed.promise;
});

Deno.test("A request that was sent ahead is not answered where its caller goes away first", async () => {
  const seen: string[] = [];
  const arrived = Promise.withResolvers<void>();
  const listener = await listen(options, async ({ url, signal }) => {
    seen.push(new URL(url).pathname);
    arrived.resolve();
    const gone = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => gone.resolve(), { once: true });
    await gone.promise;
    return new Response();
  });
  const caller = await RawHttp.connect(listener.url);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  await caller.write(new TextEncoder().encode(get("/first") + get("/second")));
  await arrived.promise;
  caller[Symbol.dispose]();
  // Resolves once nothing is under way: what waits for a caller who is gone would hold it for ever.
  await listener.stop(2 ** 31 - 1);
  assert.deepEqual(seen, ["/first"]);
});

Deno.test("Requests that are sent ahead are answered in turn, and one that fails ends the connection", async () => {
  const listener = await listen(options, ({ url }) => {
    const isFirst = new URL(url).pathname === "/first";
    return isFirst ? new Response("whole") : new Response(
      new ReadableStream({ pull: (controller) => controller.error(new Error("died")) }),
      { headers: { "content-type": "text/event-stream" } },
    );
  });
  using caller = await RawHttp.connect(listener.url);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  await caller.write(new TextEncoder().encode(get("/first") + get("/second")));
  assert.match(await caller.receive(), /\r\n\r\nwholeHTTP\/1\.1 200 OK\r\n/);
  await listener.stop(0);
});

Deno.test("Who sends requests ahead without end is hung up on", async () => {
  const gates: (() => void)[] = [];
  const arrived = Promise.withResolvers<void>();
  const listener = await listen(options, async () => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate.resolve);
    arrived.resolve();
    await gate.promise;
    return new Response();
  });
  using caller = await RawHttp.connect(listener.url);
  const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  await caller.write(new TextEncoder().encode(get));
  await arrived.promise;
  await caller.write(new TextEncoder().encode(get.repeat(200)));
  assert.equal(await caller.receive(), "");
  assert.equal(gates.length, 1);
  gates[0]!();
  await listener.stop(2 ** 31 - 1);
});

Deno.test("A kept connection gathers nothing of bodies that nobody read", async () => {
  const listener = await listen(
    options,
    (_, { connection }) => new Response(`[${(connection as Duplex).listenerCount("close")}]`),
  );
  using caller = await RawHttp.connect(listener.url);
  for (let n = 1; n <= 5; n++) {
    await caller.send(["POST / HTTP/1.1", "Host: localhost", "Content-Length: 2"]);
    await caller.receive(new RegExp(`(\\[\\d+\\][^]*){${n}}`));
    await caller.write(new TextEncoder().encode("{}"));
  }
  const counts = [...(await caller.receive(/./)).matchAll(/\[(\d+)\]/g)].map(([, count]) => count);
  assert.equal(counts.length, 5);
  assert.equal(counts.at(-1), counts[0]);
  await listener.stop(0);
});
