import fc from "fast-check";
import assert from "node:assert/strict";
import { meaningOf } from "../../../src/api/routing/meaning.ts";
import { Aliases, type ModelAlias } from "../../../src/base/model_aliases.ts";
import { type ModelContent, ModelIds } from "../../../src/base/model_ids.ts";

const A = { name: "guide", fingerprint: "aa".repeat(32) };
const B = { name: "guide", fingerprint: "bb".repeat(32) };
/** Its first digits are those of `A`. */
const A_LIKE = { name: "guide", fingerprint: "aaaaaaaa" + "cc".repeat(28) };
const LARGE = { name: "large", fingerprint: "dd".repeat(32) };
/** A name that ends like an id of another model. */
const ODD = { name: "guide@aaaaaaaa", fingerprint: "ee".repeat(32) };

/** The ids that a word may stand for. */
function meant(
  asked: string,
  known: readonly ModelContent[],
  { own = [], nearest = [], aliases = [] }: {
    readonly own?: readonly ModelContent[];
    readonly nearest?: readonly string[][];
    /** This node's own first. */
    readonly aliases?: readonly (readonly ModelAlias[])[];
  } = {},
): string | string[] | null {
  const meaning = meaningOf(asked, {
    ids: new ModelIds(known),
    own,
    aliases: new Aliases(aliases),
    nearest: () => nearest,
  });
  if (meaning.kind === "none") return null;
  return meaning.kind === "one" ? meaning.model.id : meaning.models.map(({ id }) => id);
}

Deno.test("meaningOf() takes a bare name for the only model of it, or for this node's only file of it", () => {
  const both = ["guide@aaaaaaaa", "guide@bbbbbbbb"];
  const table: [readonly ModelContent[], readonly ModelContent[], string | string[] | null][] = [
    [[], [], null],
    [[A], [], "guide"],
    [[A, A], [A], "guide"],
    [[A, B], [], both],
    [[A, B], [LARGE], both],
    [[A, B], [A], "guide@aaaaaaaa"],
    [[B, A], [B], "guide@bbbbbbbb"],
    [[A, B], [A, B], both],
    [[A, B, A_LIKE], [A, B], [`guide@${A.fingerprint}`, `guide@${A_LIKE.fingerprint}`, both[1]!]],
  ];
  for (const [known, own, expected] of table) {
    const found = meant("guide", known, { own });
    assert.deepEqual(found, expected, JSON.stringify([known, own]));
    assert.deepEqual(meant("GUIDE", known, { own }), expected);
    const nearest = [known.map((model) => new ModelIds(known).idOf(model))];
    assert.deepEqual(meant("gui", known, { own, nearest }), expected);
  }
});

Deno.test("meaningOf() takes every id, as long as it is and in any case, also where a name would do", () => {
  const table: [string, readonly ModelContent[], string | string[] | null][] = [
    ["guide@aaaaaaaa", [A], "guide"],
    ["guide@aaaaaaaa", [A, B], "guide@aaaaaaaa"],
    ["Guide@BBBBBBBB", [A, B], "guide@bbbbbbbb"],
    [`guide@${A.fingerprint}`, [A, B], "guide@aaaaaaaa"],
    ["guide@cccccccc", [A, B], null],
    ["guide@aaaa", [A, B], null],
    ["guide@", [A, B], null],
    ["large@aaaaaaaa", [A, B, LARGE], null],
    ["guide@aaaaaaaa", [A, A_LIKE], [
      `guide@${A.fingerprint}`,
      `guide@${A_LIKE.fingerprint}`,
    ]],
    [`guide@${A_LIKE.fingerprint}`, [A, A_LIKE], `guide@${A_LIKE.fingerprint}`],
    ["guide@aaaaaaaa", [A, ODD], "guide"],
    ["guide@aaaaaaaa", [ODD], "guide@aaaaaaaa@eeeeeeee"],
    ["guide@aaaaaaaa@eeeeeeee", [A, B, ODD], "guide@aaaaaaaa@eeeeeeee"],
  ];
  for (const [asked, known, expected] of table) {
    assert.deepEqual(meant(asked, known), expected, `${asked} of ${JSON.stringify(known)}`);
  }
});

Deno.test("meaningOf() looks for the start of a name among what answers first", () => {
  const nearest = [["guide", "guidance"], ["guitar"]];
  assert.deepEqual(meant("guit", [], { nearest }), "guitar");
  assert.deepEqual(meant("gui", [], { nearest }), ["guide", "guidance"]);
  assert.equal(meant("gui", [A], { nearest: [["guitar"], ["guide"]] }), "guitar");
  assert.equal(meant("gui", [A], { own: [A] }), null, "a file on the disk is named whole");
  assert.equal(meant("guide", [A], { nearest: [["guide2"]] }), "guide");
  assert.equal(meant("wanted", [A], { nearest: [["guide"], ["wanted"]] }), "wanted");
});

function called(alias: string, model: ModelContent): ModelAlias {
  return { alias, model };
}

Deno.test("meaningOf() takes an alias where no model has the name, this node's own before those of others", () => {
  const [toA, toB, toLarge] = [A, B, LARGE].map((model) => called("Default", model));
  const table: [string, readonly ModelContent[], ModelAlias[][], string | string[] | null][] = [
    ["default", [], [[], []], null],
    ["default", [LARGE], [[], [toLarge!]], "large"],
    ["DEFAULT", [LARGE], [[], [toLarge!, toLarge!]], "large"],
    ["default", [], [[], [toLarge!]], "large"],
    ["def", [LARGE], [[], [toLarge!]], null],
    ["default", [A, B], [[], [toA!]], "guide@aaaaaaaa"],
    ["default", [A, B], [[], [toA!, toB!]], ["guide@aaaaaaaa", "guide@bbbbbbbb"]],
    ["default", [A, B], [[toB!], [toA!, toB!]], "guide@bbbbbbbb"],
    ["default", [A, LARGE], [[], [toA!, toLarge!]], ["guide", "large"]],
    ["default", [A, LARGE], [[toA!, toLarge!], []], ["guide", "large"]],
    ["guide", [A, LARGE], [[called("guide", LARGE)], []], "guide"],
    ["GUIDE", [A, LARGE], [[called("GUIDE", LARGE)], []], "guide"],
    ["guide@aaaaaaaa", [A, LARGE], [[called("guide@aaaaaaaa", LARGE)], []], "guide"],
  ];
  for (const [asked, known, aliases, expected] of table) {
    assert.deepEqual(meant(asked, known, { aliases }), expected, JSON.stringify([asked, aliases]));
  }
  const nearest = [["default-large"], ["wanted"]];
  assert.equal(meant("default", [A], { nearest, aliases: [[toA!]] }), "guide");
  assert.equal(meant("wanted", [A], { nearest, aliases: [[called("wanted", A)]] }), "wanted");
});

Deno.test("Aliases tell of each model those that mean it alone, and no name of a model", () => {
  const said = [
    called("default", A),
    called("gpt", A),
    called("both", A),
    called("BOTH", LARGE),
    called("large", A),
  ];
  const aliases = new Aliases([[], said]);
  assert.deepEqual([...aliases.byId(new ModelIds([A, LARGE]))], [["guide", ["default", "gpt"]]]);
  assert.deepEqual(aliases.contested, [{ alias: "both", models: [A, LARGE] }]);
});

Deno.test("meaningOf() finds exactly one model by each listed id, and by no two ids the same", () => {
  const digits = fc.constantFrom("aaaaaaaa", "bbbbbbbb", "aaaaaaab");
  const name = fc.constantFrom(
    "guide",
    "guide@aaaaaaaa",
    "guide@aaaaaaaa@bbbbbbbb",
    "large",
    "@",
    "a@b",
  );
  const model = fc.record({
    name,
    fingerprint: fc.tuple(digits, fc.constantFrom("0", "1"))
      .map(([start, rest]) => start + rest.repeat(56)),
  });
  const models = fc.array(model, { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(models, models, (known, own) => {
    const ids = new ModelIds([...known, ...own]);
    const listed = new Map(
      [...known, ...own].map((one) => [`${one.name} ${one.fingerprint}`, ids.idOf(one)]),
    );
    assert.equal(new Set(listed.values()).size, listed.size);
    for (const [key, id] of listed) {
      const meaning = meaningOf(id, { ids, own: [], aliases: new Aliases([]), nearest: () => [] });
      assert.equal(meaning.kind, "one", id);
      if (meaning.kind !== "one") continue;
      assert.equal(`${meaning.model.name} ${meaning.model.fingerprint}`, key, id);
      assert.equal(ids.canonical(id), id);
    }
  }));
});
