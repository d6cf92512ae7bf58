/** A machine that reaches the outside by a proxy only: a real one, and a real https server with a certificate of its own. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { hasTool } from "../support/debian.ts";
import { command } from "../support/namespaces.ts";
import { type ConnectProxy, connectProxy } from "../support/connect_proxy.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";

const GUIDE = await Deno.readFile(
  new URL("../../src/models/guide/guide.gguf", import.meta.url).pathname,
);

/** A name that nobody resolves: only the proxy knows the way. */
const HUB = "hub.mesh-llm.invalid";

const openssl = await hasTool("openssl", "version");

interface Outside extends AsyncDisposable {
  readonly proxy: ConnectProxy;
  readonly folder: string;
  download(env: Record<string, string>): ReturnType<typeof runProgram>;
}

async function outside(): Promise<Outside> {
  const stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder());
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(path, name)) as [string, string];
  await command("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-subj", `/CN=${HUB}`, "-keyout", key, "-out", cert],
    ...["-addext", `subjectAltName=DNS:${HUB}`, "-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    key: await Deno.readTextFile(key),
    cert: await Deno.readTextFile(cert),
    onListen: () => {},
  }, answer);
  stack.defer(() => server.shutdown());
  const proxy = stack.use(await connectProxy(server.addr.port));
  return {
    proxy,
    folder: path,
    download: (env) =>
      runProgram([
        ...["download", `https://${HUB}/mine.gguf`, "--data-dir", join(path, crypto.randomUUID())],
        ...["--models-dir", path],
      ], { env: { DENO_CERT: cert, DENO_NO_UPDATE_CHECK: "1", ...env } }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function answer(request: Request): Response {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [];
  if (first === undefined || last === undefined) return new Response(GUIDE);
  const [from, to] = [Number(first), Math.min(Number(last), GUIDE.length - 1)];
  return new Response(GUIDE.subarray(from, to + 1), {
    status: 206,
    headers: { "content-range": `bytes ${from}-${to}/${GUIDE.length}` },
  });
}

Deno.test({
  name: "a model is downloaded by the proxy that the environment names, in either spelling",
  ignore: !openssl,
  fn: async () => {
    await using world = await outside();
    const { proxy, folder } = world;
    const url = `http://ann:s%3Acret@127.0.0.1:${proxy.port}`;
    const upper = await world.download({ HTTPS_PROXY: url });
    assert.equal(upper.code, 0, upper.stderr);
    assert.deepEqual(await Deno.readFile(join(folder, "mine.gguf")), GUIDE);
    assert.ok(proxy.asked.length > 0);
    for (const { target, authorization } of proxy.asked) {
      assert.equal(target, `${HUB}:443`);
      assert.equal(authorization, `Basic ${btoa("ann:s:cret")}`);
    }

    await Deno.remove(join(folder, "mine.gguf"));
    const before = proxy.asked.length;
    // Also without a scheme, as many write it.
    const lower = await world.download({ https_proxy: `127.0.0.1:${proxy.port}` });
    assert.equal(lower.code, 0, lower.stderr);
    assert.ok(proxy.asked.length > before);

    await Deno.remove(join(folder, "mine.gguf"));
    const asked = proxy.asked.length;
    const direct = await world.download({ HTTPS_PROXY: url, no_proxy: ".mesh-llm.invalid" });
    assert.equal(direct.code, 1);
    assert.equal(proxy.asked.length, asked, "what is exempt is asked directly, and is nowhere");
  },
});

Deno.test("a proxy that refuses is named, without the password in its URL", async () => {
  await using proxy = await connectProxy(null);
  await using folder = await temporaryFolder();
  const { code, stderr } = await runProgram([
    ...["download", `https://${HUB}/mine.gguf`, "--data-dir", join(folder.path, "data")],
  ], { env: { HTTPS_PROXY: `http://ann:secret@127.0.0.1:${proxy.port}` } });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${HUB} can't be reached by the proxy 127\\.0\\.0\\.1:`));
  assert.doesNotMatch(stderr, /secret|bug/);
});

Deno.test("engine install asks for the release by the proxy", async () => {
  await using proxy = await connectProxy(null);
  await using folder = await temporaryFolder();
  const { code } = await runProgram([
    ...["engine", "install", "--from", "release", "--data-dir", join(folder.path, "data")],
  ], { env: { https_proxy: `http://127.0.0.1:${proxy.port}`, DENO_NO_UPDATE_CHECK: "1" } });
  assert.equal(code, 1);
  assert.deepEqual(proxy.asked.map(({ target }) => target), ["api.github.com:443"]);
});
