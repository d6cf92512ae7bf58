/** A token of a loaded split: how often it is written, and read, on its way. */

import assert from "node:assert/strict";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { cutAt, joined } from "../byte_cuts.ts";
import { reply, request } from "../rpc_wire/frames.ts";
import { FakeWeights } from "./fake_weights.ts";
import { LinkLine } from "./link_line.ts";
import { HELLO, setTensor } from "./rpc_frames.ts";

const TENSORS = 9;
const LOGITS = reply(new Uint8Array(1_416).fill(7));
const input = { name: "inp_embd", type: 0, shape: [96], bytes: new Uint8Array(384).fill(5) };
const GET_TENSOR = request(RpcCommand.GET_TENSOR, new Uint8Array(312));

/** A line whose model is loaded: it has computed once. */
async function loadedLine(cut: (bytes: Uint8Array) => Uint8Array[]): Promise<LinkLine> {
  const none = new FakeWeights([]);
  const line = new LinkLine({ host: none, worker: none, cut });
  line.serve((command) => command === RpcCommand.HELLO ? line.hello() : LOGITS);
  await line.ask(HELLO);
  await line.ask(joined([request(RpcCommand.GRAPH_COMPUTE, new Uint8Array(2_000)), GET_TENSOR]));
  return line;
}

async function oneToken(cut: (bytes: Uint8Array) => Uint8Array[]): Promise<void> {
  const line = await loadedLine(cut);
  const ways = [line.stream.toWorker, line.served, line.stream.toHost, line.answered];
  const before = ways.map(({ writes }) => writes);
  const frames = [
    ...Array<Uint8Array>(TENSORS).fill(setTensor(input)),
    request(RpcCommand.GRAPH_RECOMPUTE, new Uint8Array(4)),
    GET_TENSOR,
  ];
  // llama.cpp writes a command, its length and its payload by themselves.
  const pieces = frames.flatMap((frame) => [
    frame.subarray(0, 1),
    frame.subarray(1, 9),
    frame.subarray(9),
  ]);
  for (const piece of pieces) line.asked.write(piece);
  assert.deepEqual(reply(await line.nextReply()), LOGITS);
  assert.deepEqual(ways.map(({ writes }, index) => writes - before[index]!), [1, 1, 1, 1]);
  for (const counts of [line.hostCounts, line.workerCounts]) {
    assert.equal(counts.frames.get(RpcCommand.SET_TENSOR), TENSORS);
    assert.equal(counts.frames.get(RpcCommand.GRAPH_RECOMPUTE), 1);
    assert.equal(counts.frames.get(RpcCommand.GET_TENSOR), 2);
    assert.equal(counts.tensorBytesMoved, TENSORS * 384);
  }
  await line.asked.closeWrite();
  await line.running;
}

Deno.test("a token's requests, written piece by piece, cross in one write, and so does its answer", async () => {
  await oneToken((bytes) => [bytes]);
  // rpc-server writes the length of an answer by itself.
  await oneToken((bytes) => cutAt(bytes, [8]));
});
