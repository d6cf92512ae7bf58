import assert from "node:assert/strict";
import { TriedArguments } from "../../../src/node/serving/tried_arguments.ts";

const MODEL = { name: "guide", fingerprint: "a" };
const GOOD = ["--top-k", "5"];
const BAD = ["--cache-type-k", "nonsense"];

Deno.test("arguments that are refused give way to the last ones that worked", () => {
  const tried = new TriedArguments();
  assert.deepEqual(tried.choose(MODEL, GOOD), GOOD);
  tried.worked(MODEL, GOOD);
  assert.equal(tried.refused(MODEL, BAD, "no such type"), true);
  assert.deepEqual(tried.choose(MODEL, BAD), GOOD);
  assert.match(tried.note(MODEL, BAD) ?? "", /no such type.*served with --top-k 5/);
  assert.deepEqual(tried.choose(MODEL, ["--jinja"]), ["--jinja"], "others are tried");
  assert.equal(tried.note(MODEL, ["--jinja"]), null);
});

Deno.test("where the model fails without them too, the arguments are not to blame", () => {
  const tried = new TriedArguments();
  assert.equal(tried.refused(MODEL, BAD, "why"), true);
  assert.deepEqual(tried.choose(MODEL, BAD), []);
  assert.equal(tried.refused(MODEL, [], "no memory"), false);
  assert.equal(tried.note(MODEL, BAD), null);
});
