import { createConsole } from "../../src/api/management/console_page.ts";
import { createManagement } from "../../src/api/management/management.ts";
import { AdminDoor } from "../../src/api/keys/admin_session.ts";
import { KeyBook } from "../../src/api/keys/key_book.ts";
import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { createGateway, fullKey } from "../../src/api/mod.ts";
import { createApiPort, createConsolePort } from "../../src/api/ports.ts";
import { asking, FakeNode, instance } from "./fake_node.ts";

const logger = getLogger("test");
const CHAT = "/v1/chat/completions";
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"];
const own = { bound: "127.0.0.1", names: ["mini.lan"] };
const host = { host: "localhost:9337" };

function setUp(
  { apiKey = null as string | null, adminKey = null as string | null, page = true } = {},
) {
  const node = new FakeNode({ warm: [instance("a")] });
  const keys = apiKey === null ? [] : [fullKey("test", apiKey)];
  const closing = new AbortController();
  const gateway = createGateway(node, { keys, logger });
  const management = createManagement(node, {
    door: new AdminDoor({ adminKey }),
    signInUrl: () => "",
    logger,
    addresses: () => [{ url: "http://127.0.0.1:9337", on: null }],
    keys: new KeyBook({ fixed: [] }),
  });
  const config = { self: node.self, own, logger, closing: closing.signal };
  const parts = { gateway, management, page: page ? createConsole(null) : null };
  return {
    node,
    closing,
    api: createApiPort(gateway, { ...config, keyed: () => apiKey !== null }),
    console: createConsolePort(parts, config),
  };
}

Deno.test("Both ports answer to their own names only, whatever the method and path", async () => {
  const { api, console } = setUp({ apiKey: "secret" });
  for (const port of [api, console]) {
    for (const method of METHODS) {
      for (const path of ["/", "/health", "/v1/models", "/api/status"]) {
        const response = await port.request(path, { method, headers: { host: "evil.example" } });
        assert.equal(response.status, 421, `${method} ${path}`);
        assert.ok(response.headers.has("x-request-id"));
        assert.equal(response.headers.get("x-mesh-host"), "self");
        assert.equal(response.headers.get("access-control-allow-origin"), null);
      }
    }
    assert.equal((await port.request("/v1/models", {})).status, 421, "no Host");
    const absolute = await port.request("http://evil.example/v1/models", { headers: host });
    assert.equal(absolute.status, 421, "the URL of the request line counts too");
  }
});

Deno.test("Both ports answer to loopback and given names", async () => {
  const { api, console } = setUp();
  for (const port of [api, console]) {
    for (const name of ["localhost:1", "127.0.0.1", "[::1]:9337", "mini.lan:9337"]) {
      const response = await port.request(`http://${name}/v1/models`, { headers: { host: name } });
      assert.equal(response.status, 200, name);
    }
  }
});

Deno.test("The API lets other origins read only where a key is required", async () => {
  const origin = "https://chat.example";
  const preflight = {
    method: "OPTIONS",
    headers: {
      ...host,
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type",
    },
  };
  const open = setUp().api;
  const keyed = setUp({ apiKey: "secret" }).api;
  const refused = await open.request(CHAT, preflight);
  assert.equal(refused.headers.get("access-control-allow-origin"), null);
  const allowed = await keyed.request(CHAT, preflight);
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get("access-control-allow-origin"), "*");
  assert.match(allowed.headers.get("access-control-allow-headers") ?? "", /authorization/);

  const headers = { ...host, origin, authorization: "Bearer secret" };
  const answer = await keyed.request(CHAT, asking({}, headers));
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match(answer.headers.get("access-control-expose-headers") ?? "", /x-mesh-host/);
  await answer.body?.cancel();
  const noKey = await keyed.request(CHAT, asking({}, { ...host, origin }));
  assert.equal(noKey.status, 401);
  assert.equal(noKey.headers.get("access-control-allow-origin"), "*", "the page may read why");
  const local = await open.request(CHAT, asking({}, { ...host, origin }));
  assert.equal(local.headers.get("access-control-allow-origin"), null);
  await local.body?.cancel();
});

Deno.test("Without a key, a page of another site can't make the node work with a form", async () => {
  const form = () => {
    const body = new FormData();
    body.set("model", "guide");
    return { method: "POST", body, headers: { ...host, origin: "https://evil.example" } };
  };
  const open = setUp();
  assert.equal((await open.api.request("/v1/audio/transcriptions", form())).status, 403);
  assert.equal(open.node.forwarded.length, 0);
  const keyed = setUp({ apiKey: "secret" });
  assert.equal((await keyed.api.request("/v1/audio/transcriptions", form())).status, 401);
});

Deno.test("The console's port refuses pages of other sites, whatever they ask", async () => {
  const { node, console } = setUp();
  for (const from of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
    for (const method of METHODS) {
      for (const path of ["/", "/api/status", "/api/tokens", CHAT]) {
        const response = await console.request(path, { method, headers: { ...host, ...from } });
        assert.equal(response.status, 403, `${method} ${path}`);
      }
    }
  }
  assert.equal(node.invites.length + node.forwarded.length, 0);
});

Deno.test("The console's port offers page, management API and gateway to its own page", async () => {
  const { console } = setUp();
  const headers = { ...host, origin: "http://localhost:9337", "sec-fetch-site": "same-origin" };
  for (const path of ["/", "/api/status", "/v1/models"]) {
    const response = await console.request(path, { headers });
    assert.equal(response.status, 200, path);
    await response.body?.cancel();
  }
  const chat = await console.request(CHAT, asking({}, headers));
  assert.equal(chat.headers.get("x-mesh-host"), "a");
  await chat.body?.cancel();
});

Deno.test("Nothing on the console's port may be framed, sniffed, or run from elsewhere", async () => {
  const { console } = setUp();
  for (const path of ["/", "/api/status", "/v1/models", "/nothing"]) {
    const { headers } = await console.request(path, { headers: host });
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /require-trusted-types-for 'script'; trusted-types 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
  }
});

Deno.test("The console's port asks for each key where it is due", async () => {
  const { console } = setUp({ apiKey: "api", adminKey: "admin" });
  const statusOf = async (path: string, key?: string) => {
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await console.request(path, { headers: { ...host, ...authorization } });
    await response.body?.cancel();
    return response.status;
  };
  assert.deepEqual(
    [await statusOf("/"), await statusOf("/api/status"), await statusOf("/v1/models")],
    [200, 401, 401],
  );
  assert.deepEqual([await statusOf("/api/status", "admin"), await statusOf("/v1/models", "api")], [
    200,
    200,
  ]);
  assert.deepEqual([await statusOf("/api/status", "api"), await statusOf("/v1/models", "admin")], [
    401,
    401,
  ]);
});

Deno.test("Without its page the console's port is the management API", async () => {
  const { console } = setUp({ page: false });
  assert.equal((await console.request("/", { headers: host })).status, 404);
  assert.equal((await console.request("/api/status", { headers: host })).status, 200);
});

Deno.test("Unknown paths are answered in OpenAI's shape on both ports, in Ollama's below the API port's /api/", async () => {
  const { api, console } = setUp();
  for (const port of [api, console]) {
    for (const path of ["/nothing", "/api/nothing", "/v1/nothing"]) {
      const response = await port.request(path, { headers: host });
      assert.equal(response.status, 404);
      const { error } = await response.json();
      if (port === api && path.startsWith("/api/")) {
        assert.equal(error, "Nothing answers GET /api/nothing");
      } else {
        assert.equal(error.code, "unknown_url");
      }
    }
  }
});

Deno.test("Ports of a node that stops take no new work", async () => {
  const { api, closing } = setUp();
  closing.abort();
  const response = await api.request("/v1/models", { headers: host });
  assert.equal(response.status, 503);
  assert.equal((await response.json()).error.code, "node_stopping");
});

Deno.test("Both ports refuse in the shape that the path's clients read", async () => {
  const { api, console } = setUp();
  const refused = async (port: typeof api, path: string) =>
    await (await port.request(path, { headers: { host: "evil.example" } })).json();
  for (const port of [api, console]) {
    assert.equal((await refused(port, "/v1/models")).error.code, "misdirected_request");
    const { type, error } = await refused(port, "/v1/messages");
    assert.deepEqual([type, error.type], ["error", "invalid_request_error"]);
  }
  assert.equal(typeof (await refused(api, "/api/chat")).error, "string");
  assert.equal((await refused(console, "/api/status")).error.code, "misdirected_request");
});
