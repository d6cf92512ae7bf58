import assert from "node:assert/strict";
import { join } from "node:path";
import { DownloadRefusedError, downloadWorld } from "../../../src/downloads/mod.ts";
import {
  type DownloadProgress,
  Downloads,
  type DownloadsOptions,
} from "../../../src/models/mod.ts";
import { sampleFile, splitMetadata, tensor } from "../sample_gguf.ts";
import { tempDir } from "../temp_dir.ts";
import {
  type Asked,
  FaultyServer,
  honest,
  json,
  type Reply,
  sha256,
  status,
} from "../../downloads/faulty_server.ts";

const COMMIT = "c".repeat(40);
const MODEL = new Uint8Array(sampleFile({ tensors: [tensor("a", [1024, 40])] }));
const SHARDS = [0, 1].map((index) =>
  sampleFile({ metadata: splitMetadata(index, 2), tensors: [tensor(`t${index}`, [1024, 40])] })
);

/** A hub with one repository. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  "m-Q4_K_M.gguf": MODEL,
  "big/b-Q8_0-00001-of-00002.gguf": SHARDS[0] ?? MODEL,
  "big/b-Q8_0-00002-of-00002.gguf": SHARDS[1] ?? MODEL,
};

function hub(asked: Asked): Reply {
  if (asked.path === "/api/models/org/repo?blobs=true") {
    const siblings = Object.entries(FILES).map(([rfilename, file]) => ({
      rfilename,
      size: file.length,
      lfs: { sha256: sha256(file), size: file.length },
    }));
    return json({ sha: COMMIT, siblings });
  }
  const file = FILES[asked.path.replace(`/org/repo/resolve/${COMMIT}/`, "")];
  return file === undefined ? status(404) : honest(file, asked);
}

interface Setting extends AsyncDisposable {
  readonly server: FaultyServer;
  readonly folder: string;
  readonly told: [name: string, progress: DownloadProgress][];
  readonly finished: string[];
  open(changes?: Partial<DownloadsOptions>): Promise<Downloads>;
}

async function setting(script: (asked: Asked) => Reply): Promise<Setting> {
  const dir = await tempDir();
  const server = new FaultyServer(script);
  const opened: Downloads[] = [];
  const it: Setting = {
    server,
    folder: join(dir.path, "models"),
    told: [],
    finished: [],
    async open(changes = {}) {
      const downloads = await Downloads.open({
        folder: it.folder,
        hub: server.url,
        world: {
          rules: server.rules,
          token: null,
          freeBytes: () => Promise.resolve(1e12),
          pause: (_ms, signal) => Promise.resolve(signal.throwIfAborted()),
          chunkBytes: 10_000,
        },
        checkFit: () => {},
        peersFor: () => [],
        onLiar: () => {},
        onFinished: ({ name }) => it.finished.push(name),
        onProgress: (name, progress) => it.told.push([name, progress]),
        now: () => Date.now(),
        ...changes,
      });
      opened.push(downloads);
      return downloads;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((downloads) => downloads.stop()));
      await server[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
  return it;
}

Deno.test("Downloads fetches a model by its repository, tells how far it is, and forgets it when it is there", async () => {
  await using it = await setting(hub);
  const downloads = await it.open();
  const { name, progress } = await downloads.start("org/repo");
  assert.deepEqual([name, progress.state, progress.totalBytes], [
    "m-Q4_K_M",
    "running",
    MODEL.length,
  ]);
  assert.equal(await downloads.ended(name), undefined);
  assert.deepEqual(await Deno.readFile(join(it.folder, "org/repo/m-Q4_K_M.gguf")), MODEL);
  assert.deepEqual([it.finished, downloads.list()], [["m-Q4_K_M"], []]);
  assert.equal(it.told.at(-1)?.[1].receivedBytes, MODEL.length);
  const left = await Array.fromAsync(Deno.readDir(it.folder));
  assert.deepEqual(left.map((entry) => entry.name), ["org"]);
});

Deno.test("Downloads begins one download for all who ask for it at the same time", async () => {
  await using it = await setting(hub);
  const downloads = await it.open();
  const started = await Promise.all([1, 2, 3].map(() => downloads.start("org/repo")));
  assert.deepEqual(started.map(({ name }) => name), Array(3).fill("m-Q4_K_M"));
  await downloads.ended("m-Q4_K_M");
  assert.deepEqual(it.finished, ["m-Q4_K_M"]);
  assert.equal(it.server.asked.filter(({ range }) => range !== null).length, 9);
});

// On a busy machine the first was over before the others had been told what to fetch: they fetched it all again.
Deno.test("Downloads fetches nothing again for who asked while it was being fetched", async () => {
  await using it = await setting(hub);
  const over = Promise.withResolvers<number>();
  const downloads = await it.open({
    world: {
      rules: it.server.rules,
      token: null,
      // The second start that looks for room in the models' folder waits; what is fetched looks further down.
      freeBytes: (folder) =>
        folder === it.folder && ++looks === 2 ? over.promise : Promise.resolve(1e12),
      pause: (_ms, signal) => Promise.resolve(signal.throwIfAborted()),
      chunkBytes: 10_000,
    },
  });
  let looks = 0;
  const starts = ["org/repo", "org/repo"].map((name) => downloads.start(name));
  const { name } = await Promise.race(starts);
  await downloads.ended(name);
  over.resolve(1e12);
  const progress = (await Promise.all(starts)).map((start) => start.progress.receivedBytes);
  assert.ok(progress.includes(MODEL.length), String(progress));
  assert.deepEqual([it.finished, downloads.list()], [[name], []]);
});

Deno.test("Downloads fetches all shards as one model", async () => {
  await using it = await setting(hub);
  const downloads = await it.open();
  const { name, progress } = await downloads.start("org/repo:Q8_0");
  assert.deepEqual([name, progress.totalBytes], [
    "b-Q8_0",
    SHARDS.reduce((n, s) => n + s.length, 0),
  ]);
  await downloads.ended(name);
  const folder = join(it.folder, "org/repo");
  const files = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();
  assert.deepEqual(files, ["b-Q8_0-00001-of-00002.gguf", "b-Q8_0-00002-of-00002.gguf"]);
});

Deno.test("Downloads fetches nothing that does not fit, and says why", async () => {
  await using it = await setting(hub);
  const downloads = await it.open({
    checkFit: ({ modelBytes }) => {
      assert.equal(modelBytes, MODEL.length);
      throw new DownloadRefusedError("It needs 9 GB and there are 8 GB");
    },
  });
  await assert.rejects(downloads.start("org/repo"), /needs 9 GB and there are 8 GB/);
  assert.equal(it.server.asked.length, 1);
});

Deno.test("Downloads begins nothing without room on the disk", async () => {
  await using it = await setting(hub);
  const world = {
    rules: it.server.rules,
    token: null,
    freeBytes: () => Promise.resolve(1_000_000),
    pause: () => Promise.resolve(),
  };
  const downloads = await it.open({ world });
  await assert.rejects(downloads.start("org/repo"), /Not enough room on the disk/);
  assert.equal(it.server.asked.length, 1);
});

Deno.test("Downloads says where it can't put a model", async () => {
  await using it = await setting(hub);
  await Deno.writeTextFile(it.folder, "no folder");
  const downloads = await it.open({ folder: join(it.folder, "models") });
  await assert.rejects(downloads.start("org/repo"), /Cannot put models into .*--models-dir/);
});

Deno.test("Downloads keeps what a pause leaves, shows it to the next run, and goes on there", async () => {
  // Each of the four that ask at the same time ends up waiting for what does not come.
  const allHeld = Promise.withResolvers<void>();
  let [holding, held] = [true, 0];
  await using it = await setting((asked) => {
    const reply = hub(asked);
    if (!holding || (asked.range?.[0] ?? 0) < 40_000) return reply;
    if (++held === 4) allHeld.resolve();
    return { ...reply, body: new Uint8Array(), then: "stall" };
  });
  const first = await it.open();
  const { name } = await first.start("org/repo");
  await allHeld.promise;
  assert.equal(await first.pause("org/repo"), true);
  assert.equal(first.list()[0]?.progress.state, "paused");
  await first.stop();

  holding = false;
  const second = await it.open();
  assert.deepEqual(
    second.list().map(({ name, reference, progress }) => [name, reference, progress.receivedBytes]),
    [[name, "org/repo", 40_000]],
  );
  const before = it.server.asked.length;
  await second.start(name);
  await second.ended(name);
  assert.deepEqual(await Deno.readFile(join(it.folder, "org/repo/m-Q4_K_M.gguf")), MODEL);
  const ranges = it.server.asked.slice(before).flatMap(({ range }) =>
    range === null ? [] : [range[0]]
  );
  assert.ok(ranges.every((offset) => offset >= 40_000), String(ranges));
});

for (const change of ["pause", "cancel"] as const) {
  // It said "running" and did nothing, or ran and was in no list.
  Deno.test(`Downloads that is started while its ${change} is ending runs, is listed, and finishes`, async () => {
    const held = Promise.withResolvers<void>();
    let holding = true;
    await using it = await setting((asked) => {
      if (!holding || asked.range === null) return hub(asked);
      held.resolve();
      return { ...hub(asked), body: new Uint8Array(), then: "stall" };
    });
    const downloads = await it.open();
    const { name } = await downloads.start("org/repo");
    await held.promise;
    holding = false;
    const changing = downloads[change](name);
    const again = await downloads.start("org/repo");
    assert.equal(again.progress.state, "running");
    assert.deepEqual(downloads.list().map((one) => one.name), [name]);
    await Promise.all([changing, downloads.cancel("nothing")]);
    await downloads.ended(name);
    assert.deepEqual(it.finished, [name]);
    assert.deepEqual(await Deno.readFile(join(it.folder, "org/repo/m-Q4_K_M.gguf")), MODEL);
    assert.deepEqual(downloads.list(), []);
  });
}

Deno.test("Downloads that is cancelled twice is removed once, and what begins after it stays", async () => {
  await using it = await setting((asked) =>
    asked.range === null ? hub(asked) : { ...hub(asked), body: new Uint8Array(), then: "stall" }
  );
  const downloads = await it.open();
  const { name } = await downloads.start("org/repo");
  const cancelling = [downloads.cancel(name), downloads.cancel(name)];
  const starting = downloads.start("org/repo");
  assert.deepEqual(await Promise.all(cancelling), [true, true]);
  await starting;
  assert.deepEqual(downloads.list().map((one) => one.progress.state), ["running"]);
});

Deno.test("Downloads says what went wrong, and cancels to the last file", async () => {
  await using it = await setting((asked) =>
    asked.range !== null && asked.range[0] > 0 ? status(404) : hub(asked)
  );
  const downloads = await it.open();
  const { name } = await downloads.start("org/repo");
  const ended = await downloads.ended(name);
  assert.equal(ended?.state, "failed");
  assert.match(ended?.error ?? "", /answered 404/);
  assert.equal(await downloads.cancel(name), true);
  assert.deepEqual([await downloads.cancel(name), downloads.list()], [false, []]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(it.folder, "org/repo"))), []);
});

Deno.test("Downloads refuses a repository that is not there, or not as it should be", async () => {
  const cases: [Reply, RegExp][] = [
    [status(404), /no repository org\/repo/],
    [status(401), /accept the model's licence/],
    [status(500), /Could not ask 127.0.0.1/],
    [json({ error: "what" }), /does not describe org\/repo as expected/],
    [{ ...json({}), body: new TextEncoder().encode("<html>") }, /Could not ask|does not describe/],
  ];
  for (const [reply, message] of cases) {
    await using it = await setting(() => reply);
    const downloads = await it.open();
    await assert.rejects(downloads.start("org/repo"), message);
    assert.deepEqual(downloads.list(), []);
  }
});

// The node ended: nobody caught what the last step threw.
Deno.test("Downloads tells of a last step that fails, and makes it when it is asked again", async () => {
  await using it = await setting((asked) => {
    if (asked.range !== null && !it.finished.includes("blocked")) {
      it.finished.push("blocked");
      Deno.removeSync(note());
      Deno.mkdirSync(join(note(), "in the way"), { recursive: true });
    }
    return hub(asked);
  });
  const note = () => join(it.folder, "m-Q4_K_M.download.json");
  const downloads = await it.open();
  const { name } = await downloads.start("org/repo");
  assert.equal((await downloads.ended(name))?.state, "failed");
  await Deno.remove(note(), { recursive: true });
  await downloads.start(name);
  assert.equal(await downloads.ended(name), undefined);
  assert.deepEqual(it.finished, ["blocked", name]);
});

// The node that had something better to do went on with a download of hours, and did nothing else.
Deno.test("Downloads begins nothing for who gave up while the hub was asked", async () => {
  const asked = Promise.withResolvers<void>();
  await using it = await setting((question) => {
    asked.resolve();
    return { ...hub(question), body: new Uint8Array(), then: "stall" };
  });
  const downloads = await it.open();
  const ending = new AbortController();
  const starting = downloads.start("org/repo", ending.signal);
  await asked.promise;
  ending.abort(new Error("No longer needed"));
  await assert.rejects(starting, /No longer needed/);
  assert.deepEqual(downloads.list(), []);
});

Deno.test("downloadWorld() pauses for nobody who is stopping", async () => {
  const stopping = AbortSignal.abort(new Error("The node stops"));
  const { promise: later, resolve } = Promise.withResolvers<string>();
  setTimeout(resolve, 0, "it went on");
  const pausing = downloadWorld(null).pause(60_000, stopping).catch((error) => error.message);
  assert.equal(await Promise.race([pausing, later]), "The node stops");
  await later;
});
