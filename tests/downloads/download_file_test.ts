import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { PUBLIC_ONLY } from "../../src/downloads/address_rules.ts";
import { isDiskFull } from "../../src/downloads/disk.ts";
import { downloadFile, type FileOptions } from "../../src/downloads/download_file.ts";
import type { ChunkSource } from "../../src/downloads/types.ts";
import { DownloadFailedError, DownloadRefusedError } from "../../src/downloads/mod.ts";
import { MODEL_ADVICE } from "../../src/models/downloads/advice.ts";
import { tempDir } from "../models/temp_dir.ts";
import {
  content,
  cutTo,
  FaultyServer,
  honest,
  type Reply,
  type Script,
  sha256,
  status,
  whole,
} from "./faulty_server.ts";

const CHUNK = 10_000;
const FILE = content(95_000);

interface Setting extends AsyncDisposable {
  readonly server: FaultyServer;
  readonly path: string;
  readonly liars: string[];
  /** Bytes counted in the last download. */
  received: number;
  download(changes?: Partial<FileOptions & { sha256: string | null; url: URL }>): Promise<void>;
}

async function setting(script: Script): Promise<Setting> {
  const dir = await tempDir();
  const server = new FaultyServer(script);
  const path = join(dir.path, "model.gguf");
  const it: Setting = {
    server,
    path,
    liars: [],
    received: 0,
    download({ sha256: digest = sha256(FILE), url, ...changes } = {}) {
      it.received = 0;
      const where = url ?? new URL("/model.gguf", server.url);
      return downloadFile({ url: where, path, sizeBytes: FILE.length, sha256: digest }, {
        rules: server.rules,
        token: null,
        freeBytes: () => Promise.resolve(1e12),
        pause: (_ms, signal) => Promise.resolve(signal.throwIfAborted()),
        stallMs: 200,
        chunkBytes: CHUNK,
        signal: new AbortController().signal,
        onBytes: (bytes) => it.received += bytes,
        advice: MODEL_ADVICE,
        peers: [],
        onLiar: (peer) => it.liars.push(peer),
        ...changes,
      });
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
  return it;
}

async function assertWhole({ path, received }: Setting): Promise<void> {
  assert.deepEqual(await Deno.readFile(path), FILE);
  assert.equal(received, FILE.length);
  const left = [`${path}.part`, `${path}.part.json`];
  for (const file of left) await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
}

Deno.test("downloadFile() fetches ranges at the same time and puts them together", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  await it.download();
  await assertWhole(it);
  const first = it.server.asked.map(({ range }) => range?.[0] ?? -1).sort((a, b) => a - b);
  assert.deepEqual(first, Array.from({ length: 10 }, (_, index) => index * CHUNK));
});

/** Each fault strikes every other request; what follows is what the server should have said. */
const FAULTS: readonly (readonly [name: string, fault: (reply: Reply) => Reply])[] = [
  ["breaks off in the middle", (reply) => cutTo(reply, 3_000)],
  ["breaks off before the first byte", (reply) => cutTo(reply, 0)],
  ["stalls", (reply) => ({ ...cutTo(reply, 5_000), then: "stall" })],
  [
    "says nothing at all",
    () => ({ status: 206, headers: {}, body: new Uint8Array(), then: "stall" }),
  ],
  ["answers 503", () => status(503, { "retry-after": 1 })],
  ["answers 429", () => status(429)],
  [
    "sends another range than it was asked for",
    (reply) => ({
      ...reply,
      headers: { ...reply.headers, "content-range": `bytes 5-104/${FILE.length}` },
    }),
  ],
  ["names no range", (reply) => ({ ...reply, headers: { "content-length": reply.body.length } })],
  [
    "sends more than it was asked for",
    ({ status, headers, body }) => ({
      status,
      headers: { "content-range": headers["content-range"] ?? "" },
      body: Buffer.concat([body, FILE]),
    }),
  ],
  [
    "announces less than it sends",
    (reply) => ({ ...reply, headers: { ...reply.headers, "content-length": 100 } }),
  ],
];

for (const [name, fault] of FAULTS) {
  Deno.test(`downloadFile() gets the whole file from a server that ${name} now and then`, async () => {
    await using it = await setting((asked, number) => {
      const reply = honest(FILE, asked);
      return number % 2 === 0 ? fault(reply) : reply;
    });
    await it.download();
    await assertWhole(it);
  });
}

for (const [name, fault] of FAULTS.filter(([name]) => !/more|middle|less|stalls/.test(name))) {
  Deno.test(`downloadFile() gives up a server that always ${name}, and goes on later`, async () => {
    let healed = false;
    await using it = await setting((asked, number) => {
      const reply = honest(FILE, asked);
      return healed || number < 3 ? reply : fault(reply);
    });
    await assert.rejects(it.download(), (error: Error) => {
      assert.ok(error instanceof DownloadFailedError, String(error));
      assert.match(error.message, /The downloaded part is kept/);
      return true;
    });
    healed = true;
    const before = it.server.asked.length;
    await it.download();
    await assertWhole(it);
    assert.ok(it.server.asked.length - before < 10, "it began anew");
  });
}

Deno.test("downloadFile() takes the file as one stream where ranges are ignored, and resumes it", async () => {
  let requests = 0;
  await using it = await setting(() => ++requests < 6 ? cutTo(whole(FILE), 42_000) : whole(FILE));
  await it.download();
  await assertWhole(it);
});

Deno.test("downloadFile() refuses a file that is longer or shorter than it should be", async () => {
  for (const other of [FILE.subarray(0, -1), content(FILE.length + 1)]) {
    await using it = await setting((asked) => honest(other, asked));
    await assert.rejects(it.download(), /should have 95000: it was changed meanwhile/);
  }
  await using it = await setting(() => whole(content(FILE.length + 1)));
  await assert.rejects(it.download(), /longer there than it should be/);
});

Deno.test("downloadFile() deletes wrong bytes and says so", async () => {
  await using it = await setting((asked) => honest(content(FILE.length, 2), asked));
  await assert.rejects(it.download(), (error: Error) => {
    assert.ok(error instanceof DownloadFailedError);
    assert.match(error.message, /does not match its own SHA-256/);
    return true;
  });
  await assert.rejects(Deno.stat(it.path), Deno.errors.NotFound);
});

Deno.test("downloadFile() says what a locked repository wants, without asking twice", async () => {
  await using it = await setting(() => status(403));
  await assert.rejects(it.download(), /accept the model's licence on its page.*HF_TOKEN/);
  assert.ok(it.server.asked.length <= 4);
});

Deno.test("downloadFile() stops at an abort and keeps what has arrived", async () => {
  const aborting = new AbortController();
  await using it = await setting((asked, number) => {
    if (number === 5) aborting.abort(new Error("enough"));
    return honest(FILE, asked);
  });
  await assert.rejects(it.download({ signal: aborting.signal }), /enough/);
  const before = it.server.asked.length;
  await it.download();
  await assertWhole(it);
  assert.ok(it.server.asked.length - before <= 9, "nothing was kept");
});

Deno.test("downloadFile() refuses to begin without room, and survives a disk that fills up", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  const none = () => Promise.resolve(1_000);
  await assert.rejects(it.download({ freeBytes: none }), (error: Error) => {
    assert.ok(error instanceof DownloadRefusedError);
    assert.match(error.message, /Not enough room/);
    return true;
  });
  assert.equal(it.server.asked.length, 0);
  let looks = 0;
  const filling = () => Promise.resolve(++looks < 6 ? 1e12 : 0);
  await assert.rejects(
    it.download({ freeBytes: filling }),
    /The disk is full. The downloaded part is kept/,
  );
  const before = it.server.asked.length;
  await it.download();
  await assertWhole(it);
  assert.ok(it.server.asked.length - before <= 9, "nothing was kept");
});

Deno.test({
  name: "downloadFile() knows a disk that is really full",
  ignore: Deno.build.os !== "linux", // the only system with a device that is always full
  fn: async () => {
    using full = await Deno.open("/dev/full", { write: true });
    const error = await full.write(new Uint8Array(1)).catch((error: unknown) => error);
    assert.equal(isDiskFull(error), true);
    assert.equal(isDiskFull(new Error("No space")), false);
  },
});

Deno.test("downloadFile() takes a finished file as it is, and never another one of its name", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  await Deno.writeFile(it.path, FILE);
  await it.download();
  assert.equal(it.server.asked.length, 0);
  await Deno.writeFile(it.path, content(FILE.length, 9));
  await assert.rejects(it.download(), /Another file lies at/);
  assert.deepEqual(await Deno.readFile(it.path), content(FILE.length, 9));
});

Deno.test("downloadFile() leaves a part alone that somebody else is filling", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  using held = await Deno.open(`${it.path}.part`, { write: true, create: true });
  await held.lock(true);
  await assert.rejects(it.download(), /Another process is downloading/);
});

Deno.test("downloadFile() does not go on with a part of another file", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  await Deno.writeFile(`${it.path}.part`, content(FILE.length, 3));
  await Deno.writeTextFile(
    `${it.path}.part.json`,
    JSON.stringify({
      identity: "another",
      sizeBytes: FILE.length,
      chunkBytes: CHUNK,
      chunks: Array(10).fill("origin"),
    }),
  );
  await it.download();
  await assertWhole(it);
});

Deno.test("downloadFile() follows redirects, with the token for its own host only", async () => {
  await using cdn = new FaultyServer((asked) => honest(FILE, asked));
  await using it = await setting(() => status(302, { location: new URL("/signed", cdn.url).href }));
  const ports = [it.server.port, cdn.port].map(String);
  const rules = { ...it.server.rules, allowsUrl: (url: URL) => ports.includes(url.port) };
  await it.download({ rules, token: { host: it.server.url.host, value: "secret" } });
  await assertWhole(it);
  assert.ok(
    it.server.asked.every(({ headers }) => headers.get("authorization") === "Bearer secret"),
  );
  assert.ok(cdn.asked.every(({ headers }) => !headers.has("authorization")));
});

Deno.test("downloadFile() follows no redirect to where it may not go", async () => {
  const places = [
    ["http://example.com/x", /only https is allowed/],
    ["https://127.0.0.1/x", /127.0.0.1 is not an address of the public internet/],
    ["https://[::1]/x", /::1 is not an address/],
    ["https://169.254.169.254/latest", /169.254.169.254 is not an address/],
    ["https://localhost/x", /is not an address of the public internet/],
    ["file:///etc/passwd", /only https is allowed/],
  ] as const;
  for (const [location, message] of places) {
    await using it = await setting(() => status(302, { location }));
    const here = it.server.rules;
    const rules = {
      allowsUrl: (url: URL) => here.allowsUrl(url) || PUBLIC_ONLY.allowsUrl(url),
      allowsAddress: (address: string) =>
        it.server.asked.length === 0
          ? here.allowsAddress(address)
          : PUBLIC_ONLY.allowsAddress(address),
    };
    await assert.rejects(it.download({ rules }), message);
  }
});

Deno.test("downloadFile() gives up redirects that lead in a circle", async () => {
  await using it = await setting(() => status(302, { location: "/again" }));
  await assert.rejects(it.download(), /redirects more than 5 times/);
});

function peer(name: string, bytes: Uint8Array, more: Partial<ChunkSource> = {}): ChunkSource {
  return {
    name,
    parallel: 2,
    async *read(offset, length) {
      await Promise.resolve();
      yield bytes.slice(offset, offset + length);
    },
    ...more,
  };
}

Deno.test("downloadFile() takes everything from peers and asks the server for nothing", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  await it.download({ peers: [peer("a", FILE), peer("b", FILE)] });
  await assertWhole(it);
  assert.equal(it.server.asked.length, 0);
});

Deno.test("downloadFile() asks the server for what a peer does not bring", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  const dead = peer("dead", FILE, {
    // deno-lint-ignore require-yield
    async *read(offset) {
      await Promise.resolve();
      throw new Error(`no stream for ${offset}`);
    },
  });
  await it.download({ peers: [dead] });
  await assertWhole(it);
  assert.deepEqual(it.liars, []);
});

Deno.test("downloadFile() replaces what a lying peer brought, and names it", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  const lies = FILE.slice();
  lies[12_345] = (lies[12_345] ?? 0) ^ 1;
  await it.download({ peers: [peer("liar", lies)] });
  await assertWhole(it);
  assert.deepEqual(it.liars, ["liar"]);
});

Deno.test("downloadFile() refuses a peer's chunk whose digest others do not have", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  const lies = content(FILE.length, 5);
  const expected = ({ offset, length }: { offset: number; length: number }) =>
    Promise.resolve(sha256(FILE.subarray(offset, offset + length)));
  await it.download({
    peers: [peer("liar", lies, { expected }), peer("good", FILE, { expected })],
  });
  await assertWhole(it);
  assert.equal(it.server.asked.length, 0);
});

Deno.test("downloadFile() asks no peer where nobody vouches for the file", async () => {
  await using it = await setting((asked) => honest(FILE, asked));
  await it.download({ sha256: null, peers: [peer("a", content(FILE.length, 5))] });
  await assertWhole(it);
});
