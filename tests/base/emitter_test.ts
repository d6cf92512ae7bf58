import assert from "node:assert/strict";
import { Emitter } from "../../src/base/emitter.ts";

Deno.test("Emitter tells everybody, whatever a listener throws", () => {
  const failures: unknown[] = [];
  const heard: string[] = [];
  const emitter = new Emitter<string>((error) => failures.push(error));
  const broken = new Error("broken");
  emitter.subscribe(() => {
    throw broken;
  });
  const unsubscribe = emitter.subscribe((event) => heard.push(event));
  emitter.emit("one");
  unsubscribe();
  emitter.emit("two");
  assert.deepEqual(heard, ["one"]);
  assert.deepEqual(failures, [broken, broken]);
  emitter.clear();
  emitter.emit("three");
  assert.equal(failures.length, 2);
});

Deno.test("Emitter tells an event to those that listened when it came", () => {
  const heard: string[] = [];
  const emitter = new Emitter<string>((error) => assert.fail(String(error)));
  emitter.subscribe((event) => {
    emitter.subscribe((later) => heard.push(`new ${later}`));
    heard.push(event);
  });
  emitter.emit("one");
  assert.deepEqual(heard, ["one"]);
});
