import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Announcement, Mesh, PeerId } from "../../../src/mesh/mod.ts";
import { type LocalModel, openLibrary } from "../../../src/models/mod.ts";
import { handleFile } from "../../../src/node/ends/file_host.ts";
import { encodeQuestion, PeerBytes } from "../../../src/node/ends/file_wire.ts";
import { agreeing, Liars, peerSources } from "../../../src/node/ends/peer_files.ts";
import { sha256 } from "../../downloads/faulty_server.ts";
import { sampleFile, tensor } from "../../models/sample_gguf.ts";
import { tempDir } from "../../models/temp_dir.ts";
import { streamPair } from "../memory_streams.ts";

Deno.test("a member that sent wrong bytes is known as a liar for as long as it is one", () => {
  const liars = new Liars();
  const members = (...peers: string[]) => peers.map((peer) => ({ peer: peer as PeerId }));
  liars.add("first", members("first", "second", "honest"));
  liars.add("second", members("first", "second", "honest"));
  const known = () => ["first", "second", "honest"].filter((peer) => liars.has(peer));
  assert.deepEqual(known(), ["first", "second"]);
  liars.add("second", members("second", "honest"));
  assert.deepEqual(known(), ["second"]);
});

const FILE = new Uint8Array(sampleFile({ tensors: [tensor("a", [1024, 300])] }));
const logger = getLogger("test");

async function localModel(folder: string, bytes: Uint8Array = FILE): Promise<LocalModel> {
  await Deno.writeFile(join(folder, "m.gguf"), bytes);
  return await openLibrary({ modelsDir: null, dataDir: folder, home: null })
    .resolve(join(folder, "m.gguf"));
}

interface Member {
  readonly peer: string;
  readonly model: LocalModel;
  readonly rttMs?: number;
}

/** A mesh whose members answer as real ones do. */
function meshOf(members: readonly Member[]): Mesh & { readonly opened: string[] } {
  const opened: string[] = [];
  return {
    opened,
    members: () =>
      members.map(({ peer, model: { name, sizeBytes, fingerprint } }) => ({
        peer,
        models: [{ name, sizeBytes, fingerprint, needBytes: 0 }],
      })),
    rttMs: (peer: string) => members.find((one) => one.peer === peer)?.rttMs ?? 1,
    open: (peer: string) => {
      opened.push(peer);
      const [near, far] = streamPair();
      const model = members.find((one) => one.peer === peer)?.model;
      void handleFile(far, "self", { models: () => model === undefined ? [] : [model], logger });
      return Promise.resolve(near);
    },
  } as unknown as Mesh & { readonly opened: string[] };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts = await Array.fromAsync(source, (bytes) => bytes.slice());
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

const signal = new AbortController().signal;
const PLAN = { name: "m", modelBytes: FILE.length };

Deno.test("a member sends any part of a model that it has announced, and another vouches for it", async () => {
  await using a = await tempDir();
  await using b = await tempDir();
  const mesh = meshOf([
    { peer: "a", model: await localModel(a.path) },
    { peer: "b", model: await localModel(b.path) },
  ]);
  const sources = peerSources(PLAN, 0, { mesh, liars: new Set() });
  assert.deepEqual(sources.map(({ name }) => name), ["a", "b"]);
  for (const [offset, length] of [[0, 10], [1000, 300_000], [FILE.length - 1, 1]] as const) {
    const wanted = FILE.subarray(offset, offset + length);
    assert.deepEqual(
      await collect(sources[0]!.read(offset, length, signal)),
      new Uint8Array(wanted),
    );
    mesh.opened.length = 0;
    const chunk = { index: 0, offset, length };
    assert.equal(await sources[0]!.expected?.(chunk, signal), sha256(wanted));
    assert.deepEqual(mesh.opened, ["b"], "the digest must not come from who sent the bytes");
  }
});

Deno.test("a digest counts that comes byte by byte, each in the buffer of the one before", async () => {
  await using a = await tempDir();
  const model = await localModel(a.path);
  const digest = Uint8Array.from({ length: 32 }, (_, index) => index);
  const buffer = new Uint8Array(1);
  const answer = [1, ...digest];
  const stream = {
    write: () => Promise.resolve(),
    read: () => {
      buffer[0] = answer.shift()!;
      return Promise.resolve(buffer);
    },
    recycle: () => buffer.fill(0xee),
    reset: () => {},
  };
  const mesh = meshOf([{ peer: "a", model }, { peer: "b", model }]);
  const slow = { ...mesh, open: () => Promise.resolve(stream) } as unknown as Mesh;
  const [source] = peerSources(PLAN, 0, { mesh: slow, liars: new Set() });
  const expected = await source?.expected?.({ index: 0, offset: 0, length: 10 }, signal);
  assert.equal(expected, digest.toHex());
});

Deno.test("a member alone vouches for nothing", async () => {
  await using a = await tempDir();
  const mesh = meshOf([{ peer: "a", model: await localModel(a.path) }]);
  const [source] = peerSources(PLAN, 0, { mesh, liars: new Set() });
  assert.equal(await source?.expected?.({ index: 0, offset: 0, length: 10 }, signal), undefined);
  assert.deepEqual(mesh.opened, []);
});

Deno.test("a member that is far away, has lied or has another file is not asked", async () => {
  await using a = await tempDir();
  await using b = await tempDir();
  const model = await localModel(a.path);
  const other = await localModel(b.path, new Uint8Array(sampleFile()));
  const mesh = meshOf([
    { peer: "near", model },
    { peer: "far", model, rttMs: 128 },
    { peer: "liar", model },
    { peer: "other", model: other },
  ]);
  const sources = peerSources(PLAN, 0, { mesh, liars: new Set(["liar"]) });
  assert.deepEqual(sources.map(({ name }) => name), ["near"]);
});

Deno.test("agreeing() takes the most common of the files that go by one name and size", () => {
  const member = (peer: string, fingerprint: string, sizeBytes = 5) => ({
    peer: peer as PeerId,
    models: [{ name: "m", sizeBytes, fingerprint, needBytes: 0 }],
  });
  const members: Pick<Announcement, "peer" | "models">[] = [
    member("a", "x"),
    member("b", "y"),
    member("c", "y"),
    member("d", "y", 6),
  ];
  const found = agreeing(members, { name: "m", modelBytes: 5 });
  assert.deepEqual(found.map(({ peer }) => peer), ["b", "c"]);
  assert.deepEqual(agreeing(members, { name: "n", modelBytes: 5 }), []);
});

Deno.test("a member answers no question but for its own models' files", async () => {
  await using a = await tempDir();
  const model = await localModel(a.path);
  const { fingerprint } = model;
  const good = { fingerprint, shard: 0, offset: 0, length: 10, want: "bytes" } as const;
  const ask = async (bytes: Uint8Array) => {
    const [near, far] = streamPair();
    const handled = handleFile(far, "peer", { models: () => [model], logger });
    await near.write(bytes);
    await near.closeWrite();
    const answer = await near.read().catch((error: Error) => error);
    await handled;
    return answer;
  };
  const refused = [
    { ...good, fingerprint: "0".repeat(64) },
    { ...good, fingerprint: "../../etc/passwd" },
    { ...good, shard: 1 },
    { ...good, offset: FILE.length },
    { ...good, offset: -1 },
    { ...good, length: 0 },
    { ...good, length: 2 ** 40 },
    { ...good, want: "everything" },
  ];
  for (const question of refused) {
    const answer = await ask(encodeQuestion(question as unknown as typeof good));
    assert.deepEqual(answer, Uint8Array.of(0), JSON.stringify(question));
  }
  assert.deepEqual(await ask(Uint8Array.of(255, 255, 255, 255)), Uint8Array.of(0));
  assert.deepEqual(await ask(Uint8Array.of(0, 0, 0, 3, 1, 2, 3)), Uint8Array.of(0));
  assert.ok(await ask(Uint8Array.of(0, 0)) instanceof Error);
  assert.deepEqual(await ask(encodeQuestion(good)), Uint8Array.of(1));
  // Further words of a later version change nothing: the bytes are the announced model's.
  const [near, far] = streamPair();
  const handled = handleFile(far, "peer", { models: () => [model], logger });
  await near.write(encodeQuestion({ ...good, path: "/etc/passwd" } as typeof good));
  const answer = new PeerBytes(near);
  assert.deepEqual(await answer.take(11), Uint8Array.of(1, ...FILE.subarray(0, 10)));
  await handled;
});

// Another user who writes to a folder of models could lead one of their names to any file that this user may read.
Deno.test("a member sends nothing that has come into the place of a model", async () => {
  await using a = await tempDir();
  const model = await localModel(a.path);
  const secret = join(a.path, "secret");
  await Deno.writeTextFile(secret, "-----BEGIN OPENSSH PRIVATE KEY-----".repeat(20_000));
  await Deno.remove(model.path);
  await Deno.symlink(secret, model.path);
  const [near, far] = streamPair();
  const handled = handleFile(far, "peer", { models: () => [model], logger });
  const { fingerprint } = model;
  await near.write(encodeQuestion({ fingerprint, shard: 0, offset: 0, length: 30, want: "bytes" }));
  await near.closeWrite();
  assert.deepEqual(await near.read(), Uint8Array.of(0));
  assert.equal(await near.read(), null);
  await handled;
});

Deno.test("a source says so where its member no longer has the file, or goes away", async () => {
  await using a = await tempDir();
  const model = await localModel(a.path);
  const gone = meshOf([{ peer: "a", model: { ...model, fingerprint: "1".repeat(64) } }]);
  const forgetful = { ...gone, open: meshOf([{ peer: "a", model }]).open } as Mesh;
  const [source] = peerSources(PLAN, 0, { mesh: forgetful, liars: new Set() });
  await assert.rejects(collect(source!.read(0, 10, signal)), /a no longer has the file/);
  const [near, far] = streamPair();
  far.reset(new Error("connection lost"));
  const lost = { ...gone, open: () => Promise.resolve(near) } as unknown as Mesh;
  const [other] = peerSources(PLAN, 0, { mesh: lost, liars: new Set() });
  await assert.rejects(collect(other!.read(0, 10, signal)), /connection lost/);
});
