import fc from "fast-check";
import assert from "node:assert/strict";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { RpcWireError } from "../../../src/tunnel/rpc_wire/wire_error.ts";
import { readHelloReply } from "../../../src/tunnel/rpc_wire/hello.ts";
import { layoutOf } from "../../../src/tunnel/rpc_wire/layouts.ts";
import { readTensor, TENSOR_BYTES } from "../../../src/tunnel/rpc_wire/rpc_tensor.ts";
import { MAX_PREFIX_BYTES, WireDecoder } from "../../../src/tunnel/rpc_wire/wire_decoder.ts";
import { recording } from "../../support/rpc/recordings.ts";
import { cutAt, joined } from "../byte_cuts.ts";
import { countReplies, eventsOf, request, wholeFrames } from "./frames.ts";

const RECORDINGS = [
  { name: "stock-8.0.0", requests: 137, replies: 31 },
  { name: "fork-3.7.0", requests: 141, replies: 63 },
  { name: "fork-3.7.0-register-peer", requests: 2, replies: 2 },
];

const wanted = (command: number) => command === RpcCommand.GRAPH_COMPUTE ? 0 : TENSOR_BYTES + 9;

function replyDecoder(): WireDecoder {
  return new WireDecoder("replies", () => 28);
}

for (const { name, requests, replies } of RECORDINGS) {
  const recorded = recording(name);

  Deno.test(`the recording ${name} falls into its requests and replies`, () => {
    const asked = wholeFrames(eventsOf(new WireDecoder("requests", wanted), [recorded.request]));
    const answered = wholeFrames(eventsOf(replyDecoder(), [recorded.reply]));
    const version = readHelloReply(answered[0]!.bytes.subarray(8));
    const layout = layoutOf(version!);
    assert.equal(asked.length, requests);
    assert.equal(answered.length, replies);
    assert.equal(countReplies(layout!, asked), replies);
  });

  Deno.test(`the recording ${name} gives the same frames and bytes however it is cut`, () => {
    const whole = wholeFrames(eventsOf(new WireDecoder("requests", wanted), [recorded.request]));
    // Most pieces small, so that cuts fall into every field of a header; the rest comes at once.
    const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 300 });
    fc.assert(
      fc.property(cuts, (lengths) => {
        const decoder = new WireDecoder("requests", wanted);
        const events = eventsOf(decoder, cutAt(recorded.request, lengths));
        assert.deepEqual(wholeFrames(events), whole);
        assert.ok(!decoder.inFrame);
      }),
      { numRuns: 20 },
    );
  });

  Deno.test(`the recording ${name} has the same frames where some are only skimmed`, () => {
    const whole = wholeFrames(eventsOf(new WireDecoder("requests", wanted), [recorded.request]));
    const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 300 });
    const refused = fc.uniqueArray(fc.nat(20));
    fc.assert(
      fc.property(cuts, refused, (lengths, others) => {
        const decoder = new WireDecoder("requests", () => 0);
        const seen: { command: number; size: number }[] = [];
        const pass = (command: number, size: number) => {
          if (others.includes(command)) return false;
          seen.push({ command, size });
          return true;
        };
        for (const chunk of cutAt(recorded.request, lengths)) {
          const skimmed = decoder.skim(chunk, pass);
          for (const event of decoder.push(chunk.subarray(skimmed))) {
            if (event.kind === "head") seen.push({ command: event.command, size: event.size });
          }
        }
        assert.deepEqual(seen, whole.map(({ command, size }) => ({ command, size })));
        assert.ok(!decoder.inFrame);
      }),
      { numRuns: 20 },
    );
  });

  Deno.test(`the recording ${name} replays byte for byte, one byte at a time too`, () => {
    for (const side of [recorded.request.subarray(0, 60_000), recorded.reply]) {
      const decoder = side === recorded.reply
        ? replyDecoder()
        : new WireDecoder("requests", wanted);
      const bytes = eventsOf(decoder, Array.from(side, (byte) => Uint8Array.of(byte)))
        .map((event) => event.bytes);
      const missing = side.length - bytes.reduce((sum, part) => sum + part.length, 0);
      assert.ok(missing < TENSOR_BYTES + 18, "only the head of a cut frame is held");
      assert.deepEqual(joined(bytes), side.subarray(0, side.length - missing));
    }
  });
}

Deno.test("random bytes end in the one error type or pass unchanged", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 12 });
  fc.assert(fc.property(chunks, (pushed) => {
    const decoder = new WireDecoder("requests", wanted);
    const passed: Uint8Array[] = [];
    try {
      for (const chunk of pushed) {
        for (const event of decoder.push(chunk)) passed.push(event.bytes);
      }
    } catch (error) {
      assert.ok(error instanceof RpcWireError);
    }
    const all = joined(pushed);
    const seen = joined(passed);
    assert.deepEqual(seen, all.subarray(0, seen.length));
  }));
});

Deno.test("a size that no file has is refused, and a large one costs nothing", () => {
  const claim = (size: bigint) => {
    const bytes = request(RpcCommand.SET_TENSOR, new Uint8Array(0));
    new DataView(bytes.buffer).setBigUint64(1, size, true);
    return bytes;
  };
  const decoder = new WireDecoder("requests", () => Number.MAX_SAFE_INTEGER);
  const large = claim(2n ** 53n - 1n);
  assert.deepEqual([...decoder.push(large)], []);
  const [head] = decoder.push(new Uint8Array(MAX_PREFIX_BYTES));
  assert.ok(head?.kind === "head" && head.payload.length === MAX_PREFIX_BYTES);
  assert.equal(head.rest, 2 ** 53 - 1 - MAX_PREFIX_BYTES);
  const refusing = new WireDecoder("requests", wanted);
  assert.throws(() => [...refusing.push(claim(2n ** 53n))], RpcWireError);
});

Deno.test("a payload passes in the pieces in which it comes", () => {
  const decoder = new WireDecoder("requests", () => 4);
  const payload = Uint8Array.from({ length: 100 }, (_, index) => index);
  const bytes = request(RpcCommand.SET_TENSOR, payload);
  assert.deepEqual(
    eventsOf(decoder, cutAt(bytes, [20, 30])).map(({ kind, bytes, rest }) => [
      kind,
      bytes.length,
      rest,
    ]),
    [["head", 13, 96], ["data", 7, 89], ["data", 30, 59], ["data", 59, 0]],
  );
});

Deno.test("the tensors of a recorded load are those of the guide", () => {
  const frames = wholeFrames(
    eventsOf(new WireDecoder("requests", wanted), [recording("stock-8.0.0").request]),
  );
  const tensors = frames.filter(({ command }) => command === RpcCommand.SET_TENSOR)
    .map(({ bytes }) => readTensor(bytes.subarray(9)));
  assert.deepEqual(tensors[0], { name: "blk.0.attn_norm.weight", type: 0, shape: [96] });
  assert.deepEqual(tensors[1], { name: "blk.0.attn_q.weight", type: 1, shape: [96, 96] });
});
