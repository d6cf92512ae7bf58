import assert from "node:assert/strict";
import { readHelloReply, withoutCapabilities } from "../../../src/tunnel/rpc_wire/hello.ts";
import { hasReply, layoutOf } from "../../../src/tunnel/rpc_wire/layouts.ts";

const version = (major: number, minor = 0, patch = 0) => ({ major, minor, patch });

Deno.test("capabilities are zeroed in a request and behind the version of a reply", () => {
  assert.deepEqual(withoutCapabilities(new Uint8Array(24).fill(7)), new Uint8Array(24));
  const reply = new Uint8Array(28).fill(7);
  const expected = new Uint8Array(28).fill(7, 0, 4);
  assert.deepEqual(withoutCapabilities(reply), expected);
  assert.deepEqual(reply, new Uint8Array(28).fill(7), "what came in is not written into");
});

Deno.test("a HELLO of another length has no capabilities to zero", () => {
  for (const length of [0, 3, 27, 32]) {
    const payload = new Uint8Array(length).fill(7);
    assert.deepEqual(withoutCapabilities(payload), new Uint8Array(length).fill(7));
  }
});

Deno.test("the version stands first in short and long replies", () => {
  assert.deepEqual(readHelloReply(Uint8Array.of(3, 7, 0)), version(3, 7));
  assert.deepEqual(readHelloReply(Uint8Array.of(8, 0, 1, ...new Uint8Array(25))), version(8, 0, 1));
  assert.equal(readHelloReply(Uint8Array.of(8, 0)), undefined);
});

Deno.test("versions that nobody has looked at have no layout", () => {
  const known = [[3, 0], [3, 7], [5, 0], [5, 1], [8, 0]] as const;
  for (const [major, minor] of known) assert.ok(layoutOf(version(major, minor)));
  for (const [major, minor] of [[0, 0], [2, 0], [4, 0], [6, 0], [7, 0], [8, 1], [9, 0]] as const) {
    assert.equal(layoutOf(version(major, minor)), undefined);
  }
});

Deno.test("which commands are answered differs by version", () => {
  const table = [
    { command: 4, 3: true, 5: true, 8: false },
    { command: 5, 3: true, 5: true, 8: false },
    { command: 6, 3: false, 5: false, 8: false },
    { command: 7, 3: true, 5: true, 8: true },
    { command: 10, 3: false, 5: false, 8: false },
    { command: 17, 3: true, 5: true, 8: false },
    { command: 18, 3: true, 5: undefined, 8: undefined },
    { command: 99, 3: undefined, 5: undefined, 8: undefined },
  ];
  for (const { command, ...expected } of table) {
    for (const major of [3, 5, 8] as const) {
      assert.equal(hasReply(layoutOf(version(major))!, command), expected[major]);
    }
  }
});
