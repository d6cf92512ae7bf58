import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  type Fields,
  formerPath,
  type FormSteps,
  keptText,
  LaterFileError,
  presentForm,
  readKept,
} from "../../src/base/kept_file.ts";
import { temporaryFolder } from "../support/program.ts";

/** Each adds the number of the form that it makes to a list, so that what was done stays to be seen. */
const stepsTo = (form: number): FormSteps =>
  Array.from({ length: form - 1 }, (_, index) => (fields: Fields) => ({
    ...fields,
    made: [...(fields.made as number[] ?? []), index + 2],
  }));

const content = fc.dictionary(
  fc.string().filter((name) => !["version", "made", "__proto__"].includes(name)),
  fc.jsonValue(),
  { noNullPrototype: true },
);
const form = fc.integer({ min: 1, max: 6 });

Deno.test("presentForm() takes every step from the form that is found, once and in order", () => {
  fc.assert(fc.property(content, form, form, (fields, one, other) => {
    const [found, known] = [Math.min(one, other), Math.max(one, other)];
    const made = Array.from({ length: known - found }, (_, index) => found + index + 1);
    const expected = made.length === 0 ? fields : { ...fields, made };
    const told = presentForm("f", { version: found, ...fields }, stepsTo(known));
    assert.deepEqual(told, { json: expected, found });
    // Every version before this one wrote none.
    if (found === 1) assert.deepEqual(presentForm("f", fields, stepsTo(known)), told);
  }));
});

Deno.test("presentForm() refuses each later form by a sentence", () => {
  fc.assert(fc.property(content, form, form, (fields, known, more) => {
    const found = known + more;
    assert.throws(
      () => presentForm("/d/mesh.json", { ...fields, version: found }, stepsTo(known)),
      (error) =>
        error instanceof LaterFileError &&
        error.message.startsWith(
          "Cannot use /d/mesh.json: a later version of mesh-llm has written",
        ) &&
        error.message.includes(`its form is ${found}, and this version knows ${known}). Update`),
    );
  }));
});

Deno.test("keptText() is read as it was written, in the present form", () => {
  fc.assert(fc.property(content, form, (fields, known) => {
    const plain = JSON.parse(JSON.stringify(fields));
    const text = JSON.parse(keptText(fields, stepsTo(known)));
    assert.deepEqual(presentForm("f", text, stepsTo(known)), { json: plain, found: known });
  }));
});

for (const version of [0, -1, 1.5, "2", null, [], 1e300]) {
  Deno.test(`presentForm() takes ${JSON.stringify(version)} for no version`, () => {
    assert.throws(() => presentForm("f", { version }, stepsTo(2)), /^TypeError: The version of f/);
  });
}

for (const json of [null, [], [1], "text", 3, true]) {
  Deno.test(`presentForm() leaves ${JSON.stringify(json)} to whoever reads it`, () => {
    assert.deepEqual(presentForm("f", json, stepsTo(2)).json, json);
  });
}

/** The files of a folder, by name. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    found[name] = await Deno.readTextFile(join(folder, name));
  }
  return found;
}

const open = (json: unknown) => {
  if ((json as Fields).bad === true) throw new Error("It makes no sense");
  return json;
};

Deno.test("readKept() keeps a former form beside the file that it writes anew", async () => {
  const check = async (fields: Fields, one: number, other: number) => {
    const [found, known] = [Math.min(one, other), Math.max(one, other)];
    await using folder = await temporaryFolder();
    const path = join(folder.path, "f.json");
    const before = JSON.stringify(found === 1 ? fields : { ...fields, version: found });
    await Deno.writeTextFile(path, before);
    const form = { steps: stepsTo(known), parse: open };
    const read = await readKept(path, form);
    const now = await filesIn(folder.path);
    if (found === known) assert.deepEqual(now, { "f.json": before });
    else {
      assert.equal(now[`f.json.v${found}`], before);
      assert.equal(now["f.json"], keptText(read as Fields, stepsTo(known)));
      assert.equal((await Deno.stat(formerPath(path, found))).mode! & 0o077, 0);
    }
    assert.deepEqual(await readKept(path, form), read);
    assert.deepEqual(await filesIn(folder.path), now, "a second look changes nothing");
  };
  await fc.assert(fc.asyncProperty(content, form, form, check), { numRuns: 30 });
});

Deno.test("readKept() changes nothing of a file that is later, damaged or not there", async () => {
  for (const text of ['{"version":3}', '{"bad":true}', "{", '{"version":"1"}']) {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "f.json");
    await Deno.writeTextFile(path, text);
    await assert.rejects(readKept(path, { steps: stepsTo(2), parse: open }));
    assert.deepEqual(await filesIn(folder.path), { "f.json": text });
  }
  assert.equal(await readKept("/nowhere/f.json", { steps: [], parse: open }), undefined);
});
