import assert from "node:assert/strict";
import { KeyBook, type KeyBookOptions } from "../../../src/api/keys/key_book.ts";
import { type ApiKey, fullKey } from "../../../src/api/keys/keys.ts";
import { answerFor, RefusedError } from "../../../src/api/http/openai_errors.ts";

function setUp(options: Partial<KeyBookOptions> = {}, fails?: Error) {
  const saved: string[][] = [];
  const save = (keys: readonly ApiKey[]) => {
    if (fails !== undefined) return Promise.reject(fails);
    saved.push(keys.map(({ name }) => name));
    return Promise.resolve();
  };
  const book = new KeyBook({ fixed: [], made: { keys: [], save }, ...options });
  return { book, saved };
}

/** The status and the words of a refusal. */
async function refusalOf(change: Promise<unknown>): Promise<string> {
  const error = await change.then(() => null, (error) => error);
  assert.ok(error instanceof RefusedError, String(error));
  const { status, body } = answerFor(error.refusal);
  return `${status} ${body.error.message}`;
}

Deno.test("a made key lets its holder in at once, is one word for a shell, and manages nothing", async () => {
  const { book, saved } = setUp();
  assert.ok(book.ring.isEmpty);
  const made = await book.make("laptop", ["guide"]);
  assert.match(made.key, /^sk-mesh-[\w-]{32}$/);
  assert.deepEqual(book.ring.find(made.key), { ...fullKey("laptop", made.key), models: ["guide"] });
  assert.deepEqual(saved, [["laptop"]]);
  const [view] = book.list();
  assert.deepEqual(view, {
    name: "laptop",
    models: ["guide"],
    requestsPerMinute: null,
    tokensPerMinute: null,
    manage: false,
    made: true,
  });
  await book.remove("laptop");
  assert.ok(book.ring.isEmpty);
  assert.deepEqual(saved, [["laptop"], []]);
});

Deno.test("keys that were made or named at the start count from the start", () => {
  const kept = { keys: [fullKey("made", "sk-1")], save: () => Promise.resolve() };
  const book = new KeyBook({ fixed: [{ ...fullKey("ci", "sk-2"), manage: true }], made: kept });
  assert.equal(book.ring.find("sk-1")?.name, "made");
  assert.deepEqual(
    book.list().map(({ name, made, manage }) => [name, made, manage]),
    [["ci", false, true], ["made", true, false]],
  );
  assert.ok(!JSON.stringify(book.list()).includes("sk-"));
});

Deno.test("changes at one time are kept one after another, and none is lost", async () => {
  const { book, saved } = setUp();
  const names = ["a", "b", "c"];
  const made = await Promise.all(names.map((name) => book.make(name, null)));
  assert.deepEqual(saved.at(-1), names);
  assert.ok(made.every(({ key }) => book.ring.find(key) !== null));
  const outcomes = await Promise.allSettled([book.make("d", null), book.make("d", null)]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected"]);
});

Deno.test("what a book does not do is refused with a sentence, and changes nothing", async () => {
  const fixed = [fullKey("ci", "sk-1")];
  const { book, saved } = setUp({ fixed });
  assert.match(await refusalOf(book.make("ci", null)), /^409 There is a key 'ci' already/);
  assert.match(await refusalOf(book.remove("ci")), /^409 .* was started with/);
  assert.match(await refusalOf(book.remove("other")), /^404 There is no key 'other'/);
  const full = setUp({}, new Deno.errors.NotCapable("No space left on device (os error 28)"));
  assert.match(await refusalOf(full.book.make("a", null)), /^409 Could not keep the keys on the /);
  assert.ok(full.book.ring.isEmpty);
  assert.deepEqual([saved, book.list().length], [[], 1]);
});

Deno.test("the last key of a port that others reach stays, unless it was opened to all of them", async () => {
  const table: [boolean, readonly ApiKey[], boolean][] = [
    [false, [fullKey("a", "sk-a")], true],
    [true, [fullKey("a", "sk-a")], false],
    [true, [], true],
  ];
  for (const [isReached, keys, mayGo] of table) {
    const made = { keys, save: () => Promise.resolve() };
    const { book } = setUp({ isReached, made });
    await book.make("b", null);
    if (keys.length > 0) await book.remove("a");
    const last = book.remove("b");
    if (mayGo) await last;
    else assert.match(await refusalOf(last), /^409 .* is the last one, and other machines reach/);
  }
});
