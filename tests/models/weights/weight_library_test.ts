import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import { WeightChangedError } from "../../../src/models/weights/verified_pieces.ts";
import { WeightLibrary } from "../../../src/models/weights/weight_library.ts";
import { pattern } from "../../tunnel/tcp_pair.ts";
import { collect, identityOf, modelWith } from "./small_model.ts";

const logger = getLogger("test");
const never = new AbortController().signal;

const LARGE = { name: "large", bytes: pattern(9_000_000, 2) };
const TINY = { name: "tiny", bytes: pattern(333, 3) };

async function workspace() {
  const dataDir = await Deno.makeTempDir({ prefix: "mesh-llm-weights-" });
  return {
    dataDir,
    path: (name: string) => join(dataDir, name),
    open: (quotaBytes?: number) =>
      WeightLibrary.open({ dataDir, logger, ...(quotaBytes === undefined ? {} : { quotaBytes }) }),
    [Symbol.asyncDispose]: () => Deno.remove(dataDir, { recursive: true }),
  };
}

Deno.test("an indexed model's weights are found by name and read by what they are", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [LARGE, TINY]);
  const library = await space.open();
  assert.deepEqual(library.named(model.shards, "large"), []);
  await library.index([model], never);
  for (const extra of [LARGE, TINY]) {
    const [found] = library.named(model.shards, extra.name);
    const identity = identityOf(extra);
    assert.equal(found?.sha256, identity.sha256);
    assert.ok(await library.isCurrent(identity));
    assert.deepEqual(await collect((await library.read(identity))!), extra.bytes);
  }
  assert.equal(library.named(model.shards, "blk.0.attn_q.weight").length, 1);
});

Deno.test("weights that are read at the same time do not mix, nor after one was given up", async () => {
  await using space = await workspace();
  const all = [LARGE, { name: "other", bytes: pattern(13_000_000, 5) }];
  const model = await modelWith(space.path("a.gguf"), all);
  const library = await space.open();
  await library.index([model], never);
  const read = async (weight: typeof LARGE) =>
    await collect((await library.read(identityOf(weight)))!);
  for (let round = 0; round < 2; round++) {
    const given = (await library.read(identityOf(LARGE)))!;
    await given.next();
    const [some] = await Promise.all([Promise.all(all.map(read)), given.return(undefined)]);
    for (const [index, bytes] of some.entries()) assert.ok(equal(bytes, all[index]!.bytes));
  }
});

/** Quick for megabytes, which `deepEqual` is not. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

Deno.test("a weight is not found under another name, type or shape", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [TINY]);
  const library = await space.open();
  await library.index([model], never);
  const identity = identityOf(TINY);
  for (const wrong of [{ name: "other" }, { type: 0 }, { shape: [3, 111] }, { byteLength: 332 }]) {
    assert.equal(await library.read({ ...identity, ...wrong }), undefined);
  }
  assert.ok(await library.read({ ...identity, shape: [333, 1, 1, 1] }), "ones are no dimensions");
});

Deno.test("a second start reads the index and not the file", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [TINY]);
  await (await space.open()).index([model], never);
  // The same length and time with other bytes: only hashing anew would see them.
  const { mtime } = await Deno.stat(model.path);
  const bytes = await Deno.readFile(model.path);
  bytes[bytes.length - 40]! ^= 1;
  await Deno.writeFile(model.path, bytes);
  await Deno.utime(model.path, mtime!, mtime!);
  const library = await space.open();
  await library.index([model], never);
  const identity = identityOf(TINY);
  assert.equal(library.named(model.shards, "tiny")[0]?.sha256, identity.sha256);
  const pieces = await library.read(identity);
  await assert.rejects(collect(pieces!), WeightChangedError);
  assert.equal(await library.read(identity), undefined, "the file is no source any more");
});

Deno.test("a file that was touched after hashing is no source, and hashed again next time", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [TINY]);
  const library = await space.open();
  await library.index([model], never);
  const later = new Date(Date.now() + 60_000);
  await Deno.utime(model.path, later, later);
  assert.equal(await library.isCurrent(identityOf(TINY)), false);
  assert.equal(await library.read(identityOf(TINY)), undefined);
  const again = await space.open();
  await again.index([model], never);
  assert.ok(await again.isCurrent(identityOf(TINY)));
});

// A user put a newer file in the place of the old one: its weights crossed the network until the next start.
Deno.test("a file that was replaced under its path is hashed again at the next look, in the same run", async () => {
  await using space = await workspace();
  const library = await space.open();
  const path = space.path("a.gguf");
  await library.index([await modelWith(path, [TINY])], never);
  const other = { name: "tiny", bytes: pattern(333, 9) };
  await Deno.remove(path);
  const replaced = await modelWith(path, [other]);
  await library.index([replaced], never);
  assert.deepEqual(await collect((await library.read(identityOf(other)))!), other.bytes);
  assert.equal(await library.read(identityOf(TINY)), undefined);
  assert.equal(library.named([path], "tiny")[0]?.sha256, identityOf(other).sha256);
  await Deno.remove(path);
  await library.index([], never);
  assert.deepEqual(library.named([path], "tiny"), [], "nothing is left of a file that is gone");
});

Deno.test("of two files with one name for different weights each gives its own", async () => {
  await using space = await workspace();
  const other = { name: "tiny", bytes: pattern(333, 9) };
  const models = [
    await modelWith(space.path("a.gguf"), [TINY]),
    await modelWith(space.path("b.gguf"), [other]),
  ];
  const library = await space.open();
  await library.index(models, never);
  for (const extra of [TINY, other]) {
    assert.deepEqual(await collect((await library.read(identityOf(extra)))!), extra.bytes);
  }
  await Deno.remove(models[0]!.path);
  assert.equal(await library.read(identityOf(TINY)), undefined);
});

Deno.test("a damaged index is made anew", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [TINY]);
  await (await space.open()).index([model], never);
  const folder = space.path("weights/index");
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.writeTextFile(join(folder, name), '{"file": {');
  }
  const library = await space.open();
  await library.index([model], never);
  assert.ok(await library.isCurrent(identityOf(TINY)));
});

Deno.test("a weight of a file that is still being hashed is waited for, and of no other", async () => {
  await using space = await workspace();
  const models = [
    await modelWith(space.path("a.gguf"), [LARGE]),
    await modelWith(space.path("b.gguf"), [{ name: "other", bytes: pattern(10, 5) }]),
    await modelWith(space.path("c.gguf"), [TINY]),
  ];
  const library = await space.open();
  const answered: string[] = [];
  const read = async (name: string, weight: ReturnType<typeof identityOf>) => {
    const pieces = await library.read(weight);
    answered.push(name);
    return pieces && await collect(pieces);
  };
  const [, nowhere, tiny] = await Promise.all([
    library.index(models, never).then(() => answered.push("indexed")),
    read("nowhere", { ...identityOf(TINY), name: "nowhere" }),
    read("tiny", identityOf(TINY)),
  ]);
  assert.deepEqual(answered, ["nowhere", "tiny", "indexed"], "what is asked for is hashed first");
  assert.equal(nowhere, undefined);
  assert.deepEqual(tiny, TINY.bytes);
});

Deno.test("shards of one model are indexed like files of their own", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [TINY]);
  const shards = [model.path, (await modelWith(space.path("b.gguf"), [LARGE])).path];
  const library = await space.open();
  await library.index([{ ...model, shards }], never);
  assert.equal(library.named(shards, "large").length, 1);
  assert.deepEqual(await collect((await library.read(identityOf(LARGE)))!), LARGE.bytes);
});

Deno.test("hashing ends with its signal", async () => {
  await using space = await workspace();
  const model = await modelWith(space.path("a.gguf"), [LARGE]);
  const library = await space.open();
  const stopping = new AbortController();
  const indexing = library.index([model], stopping.signal);
  stopping.abort(new Error("enough"));
  await assert.rejects(indexing, /enough/);
});

Deno.test({
  name: "a look that is called off has closed its files when it ends, however many wait",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using space = await workspace();
    const names = Array.from({ length: 20 }, (_, index) => space.path(`${index}.gguf`));
    const models = await Promise.all(names.map((name) => modelWith(name, [TINY])));
    for (let turns = 0; turns < 10; turns++) {
      const ending = new AbortController();
      const looking = (await space.open()).index(models, ending.signal);
      for (let turn = 0; turn < turns; turn++) await new Promise((done) => setTimeout(done, 0));
      ending.abort(new Error("The node stops"));
      await looking.catch(() => {}); // some are fast enough to end well
      const open = openFilesIn(space.dataDir);
      assert.ok(open.length <= 1, `after ${turns} turns: ${open}`);
      // The thread that hashes a file is told to end: the system closes that one when it does.
      while (openFilesIn(space.dataDir).length > 0) {
        await new Promise((done) => setTimeout(done, 1));
      }
    }
  },
});

/** By what the system knows of this process, at this moment. */
function openFilesIn(folder: string): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // the descriptor that this list was read with
    }
  });
}

Deno.test("a received weight is kept and read again, by a later start too", async () => {
  await using space = await workspace();
  const identity = identityOf(LARGE);
  const library = await space.open();
  assert.equal(await library.read(identity), undefined);
  const writer = library.keep(identity);
  writer?.write(LARGE.bytes.subarray(0, 1_000));
  writer?.write(LARGE.bytes.subarray(1_000));
  assert.equal(await writer?.commit(), true);
  assert.deepEqual(await collect((await (await space.open()).read(identity))!), LARGE.bytes);
});

Deno.test("half a weight is never kept", async () => {
  await using space = await workspace();
  const library = await space.open();
  const writer = library.keep(identityOf(TINY));
  writer?.write(TINY.bytes.subarray(1));
  assert.equal(await writer?.commit(), false);
  assert.deepEqual(await entries(space.path("weights/received")), []);
});

Deno.test("an entry whose content does not match its name is never handed out, gone once it is asked for, and replaced", async () => {
  await using space = await workspace();
  const library = await space.open();
  for (const weight of [TINY, LARGE]) {
    const lie = library.keep(identityOf(weight));
    lie?.write(pattern(weight.bytes.length, 77));
    await lie?.commit();
    assert.equal(await library.read(identityOf(weight)), undefined);
    assert.deepEqual(await entries(space.path("weights/received")), []);
    const truth = library.keep(identityOf(weight));
    truth?.write(weight.bytes);
    assert.equal(await truth?.commit(), true);
    assert.deepEqual(await collect((await library.read(identityOf(weight)))!), weight.bytes);
    await Deno.remove(space.path(`weights/received/${identityOf(weight).sha256}`));
  }
});

Deno.test("a poisoned entry is thrown away", async () => {
  await using space = await workspace();
  const library = await space.open();
  const writer = library.keep(identityOf(LARGE));
  writer?.write(LARGE.bytes);
  await writer?.commit();
  const path = space.path(`weights/received/${identityOf(LARGE).sha256}`);
  const poisoned = LARGE.bytes.slice();
  poisoned[8_999_999]! ^= 1;
  await Deno.writeFile(path, poisoned);
  assert.equal(await library.read(identityOf(LARGE)), undefined);
  assert.deepEqual(await entries(space.path("weights/received")), []);
});

Deno.test("an entry that was begun and never finished is gone", async () => {
  await using space = await workspace();
  const library = await space.open();
  const given = library.keep(identityOf(TINY));
  given?.write(TINY.bytes.subarray(10));
  await given?.abort();
  assert.deepEqual(await entries(space.path("weights/received")), []);
  await Deno.writeTextFile(space.path("weights/received/killed.part"), "half");
  await space.open();
  assert.deepEqual(await entries(space.path("weights/received")), []);
});

Deno.test("over its quota the store drops what was used least recently", async () => {
  await using space = await workspace();
  const library = await space.open(1_000);
  const three = [1, 2, 3].map((seed) => ({ name: `w${seed}`, bytes: pattern(400, seed) }));
  for (const [index, weight] of three.entries()) {
    const writer = library.keep(identityOf(weight));
    writer?.write(weight.bytes);
    await writer?.commit();
    if (index > 1) continue;
    const used = new Date(1_000_000 * (index + 1));
    await Deno.utime(
      space.path(`weights/received/${identityOf(weight).sha256}`),
      used,
      used,
    );
  }
  const there = await Promise.all(three.map((weight) => library.read(identityOf(weight))));
  assert.deepEqual(there.map((pieces) => pieces !== undefined), [false, true, true]);
  assert.equal(library.keep(identityOf({ name: "x", bytes: pattern(1_001) })), undefined);
});

async function entries(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
