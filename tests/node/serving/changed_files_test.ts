import assert from "node:assert/strict";
import { join } from "node:path";
import { ChangedFiles } from "../../../src/node/serving/changed_files.ts";
import { temporaryFolder } from "../../support/program.ts";

/** Looks when it is told to, and resolves once it has looked. */
class Looks {
  #due = Promise.withResolvers<() => void>();
  cancelled = 0;

  readonly after = (_ms: number, action: () => void): () => void => {
    this.#due.resolve(action);
    return () => this.cancelled++;
  };

  /** The look that is under way has ended. */
  async next(): Promise<void> {
    const action = await this.#due.promise;
    this.#due = Promise.withResolvers();
    action();
  }

  async ended(): Promise<void> {
    await this.#due.promise;
  }
}

Deno.test("ChangedFiles tells of a change once nobody writes any more, of a loss and of what comes too", async () => {
  await using folder = await temporaryFolder();
  const [path, late] = ["a.gguf", "b.gguf"].map((name) => join(folder.path, name)) as [
    string,
    string,
  ];
  await Deno.writeTextFile(path, "one");
  const looks = new Looks();
  let told = 0;
  const files = new ChangedFiles({ changed: () => told++, after: looks.after });
  files.watch([path, late]);
  const steps: [() => Promise<void> | void, number][] = [
    [() => {}, 0],
    [() => Deno.writeTextFile(path, "one, two"), 0],
    [() => Deno.writeTextFile(path, "one, two, three"), 0],
    [() => {}, 1],
    [() => {}, 1],
    [() => Deno.writeTextFile(late, "new"), 1],
    [() => {}, 2],
    [() => Deno.remove(path), 2],
    [() => {}, 3],
  ];
  for (const [change, expected] of steps) {
    await looks.ended();
    await change();
    await looks.next();
    await looks.ended();
    assert.equal(told, expected);
  }
});

Deno.test("ChangedFiles looks at nothing once it is told to, and begins anew with other files", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.gguf");
  const looks = new Looks();
  const files = new ChangedFiles({ changed: () => assert.fail(), after: looks.after });
  files.watch([path]);
  await looks.ended();
  files.watch([path]);
  assert.equal(looks.cancelled, 0, "the same files are no other ones");
  files.watch([]);
  assert.equal(looks.cancelled, 1);
});
