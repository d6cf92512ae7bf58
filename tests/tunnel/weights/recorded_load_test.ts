import fc from "fast-check";
import assert from "node:assert/strict";
import { parseGgufHeader } from "../../../src/models/gguf/gguf_header.ts";
import { recording } from "../../support/rpc/recordings.ts";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { WireDecoder } from "../../../src/tunnel/rpc_wire/wire_decoder.ts";
import { cutAt } from "../byte_cuts.ts";
import { eventsOf, type WholeFrame, wholeFrames } from "../rpc_wire/frames.ts";
import { type FakeWeight, FakeWeights, sha } from "./fake_weights.ts";
import { type LineOptions, LinkLine } from "./link_line.ts";

const GUIDE = new URL("../../../src/models/guide/guide.gguf", import.meta.url);

function guideWeights(): FakeWeight[] {
  const bytes = Deno.readFileSync(GUIDE);
  const parsed = parseGgufHeader(bytes);
  assert.ok(parsed.kind === "header");
  const { tensors, dataOffset } = parsed.header;
  return tensors.map(({ name, type, shape, offset, byteLength }) => {
    const at = dataOffset + offset;
    return { name, type, shape, bytes: bytes.subarray(at, at + byteLength) };
  });
}

/** The weights that the recorded worker holds of the guide: attention and feed-forward in f16, norms in f32. */
const FOUR_LAYERS = 4 * (4 * 96 * 96 * 2 + 3 * 96 * 256 * 2 + 2 * 96 * 4);

const weights = guideWeights();
const none = () => new FakeWeights([]);
const all = () => new FakeWeights(weights, () => "0".repeat(16));

/** Plays a recorded connection through both ends; answers what arrived at each side. */
async function replay(name: string, options: Omit<LineOptions, "version">) {
  const recorded = recording(name);
  const replies = wholeFrames(
    eventsOf(new WireDecoder("replies", () => 0), [recorded.reply]),
  );
  const version = recorded.reply.subarray(8, 11);
  const line = new LinkLine({ ...options, version: [version[0]!, version[1]!, version[2]!] });
  const served = line.serve((_, index) => replies[index]!.bytes);
  await line.asked.write(recorded.request);
  await line.asked.closeWrite();
  const answered = await line.answered.readToEnd();
  const received = await served;
  await line.running;
  return { recorded, received, answered, line };
}

for (const name of ["stock-8.0.0", "fork-3.7.0", "fork-3.7.0-register-peer"]) {
  Deno.test(`${name} crosses byte for byte where no weights are known`, async () => {
    const { recorded, received, answered } = await replay(name, { host: none(), worker: none() });
    assert.deepEqual(received, recorded.request);
    assert.deepEqual(answered, recorded.reply);
  });

  Deno.test(`${name} crosses byte for byte where the worker's end is an old one`, async () => {
    const { recorded, received, answered, line } = await replay(name, {
      host: all(),
      worker: all(),
      agree: false,
    });
    assert.deepEqual(received, recorded.request);
    assert.deepEqual(answered, recorded.reply);
    assert.equal(line.stream.toWorker.written, recorded.request.length);
  });

  Deno.test(`${name} reaches rpc-server byte for byte without its weights on the way`, async () => {
    const { recorded, received, answered, line } = await replay(name, {
      host: all(),
      worker: all(),
    });
    assert.deepEqual(received, recorded.request);
    assert.deepEqual(answered, recorded.reply);
    const { weightBytesSaved } = line.hostCounts;
    assert.equal(weightBytesSaved, line.workerCounts.weightBytesSaved);
    if (name === "fork-3.7.0-register-peer") return;
    assert.equal(weightBytesSaved, FOUR_LAYERS);
    const crossed = line.stream.toWorker.written + weightBytesSaved;
    assert.ok(crossed < recorded.request.length + 36 * 80, "references take under 80 bytes each");
  });
}

function countOf(frames: readonly WholeFrame[], command: number): number {
  return frames.filter((frame) => frame.command === command).length;
}

/** The bytes that all tensors of protocol 8.0 are set to: behind `rpc_tensor`, a byte and the offset. */
function setBytes(frames: readonly WholeFrame[]): number {
  const sets = frames.filter(({ command }) => command === RpcCommand.SET_TENSOR);
  return sets.reduce((sum, { size }) => sum + size - 305, 0);
}

/** Refused tensors come later than those around them, and before anything that is not a tensor. */
function assertSameButForOrder(received: Uint8Array, expected: Uint8Array): void {
  const [actual, wanted] = [received, expected].map((bytes) => {
    const frames = wholeFrames(eventsOf(new WireDecoder("requests", () => 0), [bytes]));
    const runs: string[][] = [[]];
    for (const { command, bytes } of frames) {
      const isTensor = command === RpcCommand.SET_TENSOR;
      if (!isTensor) runs.push([]);
      runs.at(-1)!.push(`${command} ${sha(bytes)}`);
      if (!isTensor) runs.push([]);
    }
    return runs.map((run) => run.toSorted().join("\n")).join("\n");
  });
  assert.equal(actual, wanted);
}

Deno.test("a load is the same however its bytes are cut, with and without the weights", async () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 5 });
  const property = fc.asyncProperty(cuts, fc.boolean(), async (lengths, has) => {
    const cut = (bytes: Uint8Array) => cutAt(bytes, lengths);
    const { recorded, received, answered, line } = await replay("stock-8.0.0", {
      host: all(),
      worker: has ? all() : none(),
      cut,
    });
    assert.deepEqual(received, recorded.request);
    assert.deepEqual(answered, recorded.reply);
    for (const counts of [line.hostCounts, line.workerCounts]) {
      const { frames, tensorBytesMoved, weightBytesSaved } = counts;
      const whole = wholeFrames(eventsOf(new WireDecoder("requests", () => 0), [recorded.request]));
      assert.equal(
        frames.get(RpcCommand.GRAPH_RECOMPUTE),
        countOf(whole, RpcCommand.GRAPH_RECOMPUTE),
      );
      assert.equal(frames.get(RpcCommand.SET_TENSOR), countOf(whole, RpcCommand.SET_TENSOR));
      assert.equal(tensorBytesMoved + weightBytesSaved, setBytes(whole));
    }
  });
  await fc.assert(property, { numRuns: 15 });
});

Deno.test("a worker without the file keeps the weights, and only those", async () => {
  const worker = none();
  const first = await replay("stock-8.0.0", { host: all(), worker });
  assert.deepEqual(first.received, first.recorded.request);
  assert.equal(first.line.hostCounts.weightBytesSaved, 0);
  assert.equal(worker.kept.length, 36);
  assert.ok(worker.kept.every((name) => /^blk\.[0-3]\./.test(name)));
  const second = await replay("stock-8.0.0", { host: all(), worker });
  assert.deepEqual(second.received, second.recorded.request);
  assert.equal(second.line.hostCounts.weightBytesSaved, FOUR_LAYERS);
  assert.equal(worker.kept.length, 36);
});

Deno.test("a worker whose file differs in some tensors gets those over the wire", async () => {
  const changed = weights.map((weight, index) =>
    index % 5 === 0 ? { ...weight, bytes: weight.bytes.map((byte) => byte ^ 1) } : weight
  );
  const worker = new FakeWeights(changed, () => "0".repeat(16));
  const { recorded, received, line } = await replay("stock-8.0.0", { host: all(), worker });
  assertSameButForOrder(received, recorded.request);
  assert.ok(line.hostCounts.weightBytesSaved > 500_000);
  assert.ok(worker.kept.length > 0);
});

Deno.test("a host whose file changed after hashing sends what llama-server gave it", async () => {
  const changed = weights.map((weight) => ({
    ...weight,
    bytes: weight.bytes.map((byte) => byte ^ 1),
  }));
  const host = new FakeWeights(changed, () => "0".repeat(16));
  const { recorded, received, line } = await replay("stock-8.0.0", { host, worker: all() });
  assert.deepEqual(received, recorded.request);
  assert.equal(line.hostCounts.weightBytesSaved, 0);
});
