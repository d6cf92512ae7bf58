import assert from "node:assert/strict";
import { LOG_WAITING_BYTES } from "../../../src/cli/base/defaults.ts";
import { LogOutput } from "../../../src/cli/terminal/log_output.ts";

/** Takes three bytes at a time, and none while it is shut. */
function slowWriter() {
  let gate = Promise.withResolvers<void>();
  let text = "";
  const writer = {
    async write(bytes: Uint8Array) {
      await gate.promise;
      text += new TextDecoder().decode(bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    },
  };
  return {
    writer,
    open: () => gate.resolve(),
    shut: () => gate = Promise.withResolvers(),
    get text() {
      return text;
    },
  };
}

const neverLost = () => assert.fail("nothing is lost");

Deno.test("LogOutput writes everything, in order, and waits for nobody", async () => {
  const slow = slowWriter();
  const output = new LogOutput(slow.writer, { onLost: neverLost });
  output.write("one\n");
  output.write("two, longer\n");
  assert.equal(slow.text, "");
  slow.open();
  await output.flushed();
  output.write("three\n");
  await output.flushed();
  assert.equal(slow.text, "one\ntwo, longer\nthree\n");
});

Deno.test("LogOutput loses what is too much, and tells how often once the rest is taken", async () => {
  const slow = slowWriter();
  const lost: number[] = [];
  const output = new LogOutput(slow.writer, {
    onLost: (count) => {
      lost.push(count);
      output.write("some lost\n");
    },
  });
  output.write("first\n");
  const large = "x".repeat(LOG_WAITING_BYTES);
  for (let count = 0; count < 2; count++) output.write(large);
  output.write("second\n");
  assert.deepEqual(lost, []);
  slow.open();
  await output.flushed();
  assert.deepEqual(lost, [2]);
  assert.equal(slow.text, "first\nsecond\nsome lost\n");
});

Deno.test("LogOutput goes on without a reader, and tries a full pipe again", async () => {
  const errors: Error[] = [new Deno.errors.WouldBlock("full"), new Deno.errors.BrokenPipe("gone")];
  let tries = 0;
  const write = () => {
    tries++;
    return Promise.reject(errors.shift() ?? assert.fail("nobody is there any more"));
  };
  const output = new LogOutput({ write }, { onLost: neverLost });
  output.write("one\n");
  await output.flushed();
  output.write("two\n");
  await output.flushed();
  assert.equal(tries, 2);
});
