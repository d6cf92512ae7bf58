import assert from "node:assert/strict";
import {
  ChildFile,
  childFilePath,
  parseChildFile,
} from "../../../src/engine/process/child_file.ts";
import { tempDir } from "../temp_dir.ts";

Deno.test("ChildFile holds the children that run now, whatever the order of changes", async () => {
  await using dir = await tempDir();
  const file = new ChildFile(dir.path);
  const child = (pid: number) => ({ pid, startTime: `start of ${pid}`, name: "rpc-server" });
  await Promise.all([
    file.add(child(10)),
    file.add(child(11)),
    file.remove(10),
    file.add(child(12)),
  ]);
  const text = await Deno.readTextFile(childFilePath(dir.path));
  assert.deepEqual(parseChildFile(text), [child(11), child(12)]);
});

for (
  const text of [
    "",
    "null",
    "[]",
    '{"children": 1}',
    '{"children": [null, 1, {}, {"pid": "1", "startTime": "x", "name": "x"}]}',
    '{"children": [{"pid": -1, "startTime": "x", "name": "x"}]}',
    '{"children": [{"pid": 1, "startTime": "x", "name": "x"}]}',
    '{"children": [{"pid": 1.5, "startTime": "x", "name": "x"}]}',
  ]
) {
  Deno.test(`parseChildFile() finds no child in ${text}`, () => {
    assert.deepEqual(parseChildFile(text), []);
  });
}
