import fc from "fast-check";
import assert from "node:assert/strict";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { TunnelError } from "../../../src/tunnel/mod.ts";
import { encodeMessage, type LinkMessage } from "../../../src/tunnel/weights/messages.ts";
import { joined } from "../byte_cuts.ts";
import { reply, request } from "../rpc_wire/frames.ts";
import { pattern } from "../tcp_pair.ts";
import type { Logger } from "@logtape/logtape";
import { newRpcCounts } from "../../../src/tunnel/weights/rpc_counts.ts";
import { FakeWeights, sha } from "./fake_weights.ts";
import { type LineOptions, LinkLine } from "./link_line.ts";
import { filledTensor, HELLO, setTensor, setTensorHash } from "./rpc_frames.ts";

/** Over 10 MiB: llama-server asks for it by hash. */
const BIG_BYTES = 10_500_000;
const BIG = {
  name: "blk.0.ffn_up.weight",
  type: 24,
  shape: [BIG_BYTES],
  bytes: pattern(BIG_BYTES),
};
const PLAIN_HELLO = request(RpcCommand.HELLO, new Uint8Array(24));
const none = () => new FakeWeights([]);
const having = () => new FakeWeights([BIG]);

/** Quick for megabytes, which `deepEqual` is not. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length);
  assert.equal(sha(actual), sha(expected));
}

/** llama-server asks by hash, sends the tensor if it must, and goes away. */
async function loadBig(options: LineOptions, hashFrame = setTensorHash(BIG)) {
  const line = new LinkLine(options);
  const served = line.serveSimply();
  await line.ask(HELLO);
  const [has] = await line.ask(hashFrame);
  if (has === 0) await line.asked.write(setTensor(BIG));
  await line.asked.closeWrite();
  const received = await served;
  await line.running;
  return { line, has, received };
}

Deno.test("a weight that is asked for by hash is written from the worker's own file", async () => {
  const { has, received, line } = await loadBig({ host: having(), worker: having() });
  assert.equal(has, 1);
  assertSame(received, joined([PLAIN_HELLO, filledTensor(BIG)]));
  assert.ok(line.stream.toWorker.written < 600);
  assert.equal(line.hostCounts.weightBytesSaved, BIG.bytes.length);
  assert.equal(line.workerCounts.weightBytesSaved, BIG.bytes.length);
  assert.equal(line.hostCounts.roundTrips, 0, "llama-server waited for nothing");
});

Deno.test("capabilities that could leave the tunnel are zeroed both ways", async () => {
  for (const agree of [true, false]) {
    const line = new LinkLine({ host: none(), worker: none(), agree });
    const served = line.serveSimply();
    const hello = await line.ask(HELLO);
    assert.deepEqual(hello, Uint8Array.of(8, 0, 0, 0x77, ...new Uint8Array(24)));
    await line.asked.closeWrite();
    assert.deepEqual(await served, PLAIN_HELLO);
    await line.running;
  }
});

Deno.test("a weight that the worker lacks is sent from the host's file, kept, and not sent again", async () => {
  const worker = none();
  const first = await loadBig({ host: having(), worker });
  assertSame(first.received, joined([PLAIN_HELLO, filledTensor(BIG)]));
  assert.deepEqual(worker.kept, [BIG.name]);
  assert.equal(first.line.hostCounts.tensorBytesMoved, BIG.bytes.length);
  assert.equal(first.line.hostCounts.refused, 1);
  const second = await loadBig({ host: having(), worker });
  assertSame(second.received, joined([PLAIN_HELLO, filledTensor(BIG)]));
  assert.ok(second.line.stream.toWorker.written < 600);
});

Deno.test("both ends hand back to the stream all that they read", async () => {
  for (const agree of [true, false]) {
    const { line } = await loadBig({ host: having(), worker: none(), agree });
    for (const { written, recycled } of [line.stream.toWorker, line.stream.toHost]) {
      assert.equal(recycled, written);
    }
  }
});

Deno.test("a file that changes while it is read costs a frame of zeros, never a wrong tensor", async () => {
  for (const pieces of [0, 1, 2]) {
    const worker = having();
    worker.broken.set(sha(BIG.bytes), pieces);
    const { received } = await loadBig({ host: having(), worker });
    const right = filledTensor(BIG);
    assertSame(received.subarray(received.length - right.length), right);
    const wrong = received.length - right.length - PLAIN_HELLO.length;
    assert.equal(wrong, pieces === 0 ? 0 : right.length);
  }
});

Deno.test("a weight that is on neither disk any more ends the load with a reason", async () => {
  for (const pieces of [0, 1, 2]) {
    const host = having();
    host.broken.set(sha(BIG.bytes), pieces);
    const line = new LinkLine({ host, worker: none() });
    const served = line.serveSimply().catch(() => new Uint8Array(0));
    await line.ask(HELLO);
    await line.ask(setTensorHash(BIG));
    await assert.rejects(line.running, /changed/);
    assert.ok((await served).length < PLAIN_HELLO.length + filledTensor(BIG).length);
    await assert.rejects(line.answered.read(), "llama-server sees the end");
  }
});

Deno.test("a collision of FNV made on purpose does not pass for the weight", async () => {
  const other = { ...BIG, bytes: pattern(BIG_BYTES, 9) };
  const sameFnv = () => "00000000000000aa";
  const worker = new FakeWeights([other], sameFnv);
  const hash = setTensorHash(BIG, sameFnv());
  const between = await loadBig({ host: new FakeWeights([BIG], sameFnv), worker }, hash);
  assertSame(between.received, joined([PLAIN_HELLO, filledTensor(BIG)]));
  const within = { host: new FakeWeights([BIG, other], sameFnv), worker: having() };
  const { has, received } = await loadBig(within, hash);
  assert.equal(has, 0, "two weights of the host's have that hash");
  assertSame(received, joined([PLAIN_HELLO, hash, setTensor(BIG)]));
});

Deno.test("a host whose file is not the one that was hashed offers nothing", async () => {
  const host = having();
  host.current = false;
  const { has, line } = await loadBig({ host, worker: having() });
  assert.equal(has, 0);
  assert.equal(line.hostCounts.weightBytesSaved, 0);
});

Deno.test("an unknown protocol passes as it is, in messages or without", async () => {
  for (const agree of [true, false]) {
    const line = new LinkLine({ host: having(), worker: having(), agree, version: [9, 0, 0] });
    const served = line.serveSimply();
    await line.ask(HELLO);
    await line.ask(setTensorHash(BIG));
    await line.asked.closeWrite();
    assertSame(await served, joined([PLAIN_HELLO, setTensorHash(BIG)]));
    await line.running;
  }
});

Deno.test("bytes that pass as they are are told of once, and shown until they are understood", async () => {
  const said: string[] = [];
  const logger = {
    warn: (_: string, { reason }: { readonly reason: string }) => said.push(reason),
    info: () => {},
  } as unknown as Logger;
  const hostCounts = newRpcCounts();
  const connect = async (options: Pick<LineOptions, "agree" | "version">) => {
    const line = new LinkLine({ host: none(), worker: none(), logger, hostCounts, ...options });
    const served = line.serveSimply();
    await line.ask(HELLO);
    await line.asked.closeWrite();
    await served;
    await line.running;
    assert.equal(line.workerCounts.plain, hostCounts.plain, "both ends know");
    return hostCounts.plain;
  };
  const unknown = "RPC protocol 9.0.0 is not known here";
  const differs = "its mesh-llm speaks of weights in another version";
  assert.equal(await connect({}), null);
  assert.equal(await connect({ version: [9, 0, 0] }), unknown);
  assert.equal(await connect({ version: [9, 0, 0] }), unknown);
  assert.equal(await connect({ agree: false }), differs);
  assert.equal(await connect({}), null);
  assert.equal(await connect({ agree: false }), differs);
  // The worker's end of each line is new, and says it each time.
  const ofHost = [unknown, differs, differs];
  const ofWorkers = [unknown, unknown, differs, differs];
  assert.deepEqual(said.toSorted(), [...ofHost, ...ofWorkers].toSorted());
});

Deno.test("an answer that can't change is asked for once a connection", async () => {
  const questions = [
    request(RpcCommand.GET_ALIGNMENT, new Uint8Array(4)),
    request(RpcCommand.GET_MAX_SIZE, new Uint8Array(4)),
    request(RpcCommand.GET_ALLOC_SIZE, pattern(3_260)),
    request(RpcCommand.DEVICE_COUNT, new Uint8Array(0)),
  ];
  const line = new LinkLine({ host: none(), worker: none() });
  const served = line.serveSimply();
  await line.ask(HELLO);
  for (let round = 0; round < 3; round++) {
    for (const question of questions) assert.deepEqual(await line.ask(question), new Uint8Array(8));
  }
  const changing = request(RpcCommand.GET_DEVICE_MEMORY, new Uint8Array(4));
  for (let round = 0; round < 2; round++) await line.ask(changing);
  await line.asked.closeWrite();
  const expected = joined([PLAIN_HELLO, ...questions, changing, changing]);
  assert.deepEqual(await served, expected);
  assert.equal(line.hostCounts.answeredHere, 8);
  assert.equal(line.hostCounts.roundTrips, 6);
});

Deno.test("each device is answered for itself, and asked about once", async () => {
  const commands = [
    RpcCommand.GET_ALIGNMENT,
    RpcCommand.GET_MAX_SIZE,
    RpcCommand.GET_ALLOC_SIZE,
    RpcCommand.GET_DEVICE_MEMORY,
  ];
  const question = fc.record({ command: fc.constantFrom(...commands), device: fc.nat(3) });
  const property = fc.asyncProperty(fc.array(question, { maxLength: 40 }), async (questions) => {
    const line = new LinkLine({ host: none(), worker: none() });
    // The device's answer is the place of its question in the stream: another each time it is asked.
    const served = line.serve((command, index) =>
      command === RpcCommand.HELLO ? line.hello() : reply(u64(index))
    );
    await line.ask(HELLO);
    const known = new Map<string, number>();
    let asked = 0;
    for (const { command, device } of questions) {
      const [answer] = await line.ask(request(command, aboutDevice(command, device)));
      const key = `${command} ${device}`;
      const changes = command === RpcCommand.GET_DEVICE_MEMORY;
      if (changes || !known.has(key)) known.set(key, ++asked);
      assert.equal(answer, known.get(key), key);
    }
    await line.asked.closeWrite();
    await served;
    await line.running;
    assert.equal(line.hostCounts.answeredHere, questions.length - asked);
  });
  await fc.assert(property, { numRuns: 25 });
});

/** The device stands first; GET_ALLOC_SIZE has a tensor and its sources behind it. */
function aboutDevice(command: number, device: number): Uint8Array {
  const payload = new Uint8Array(command === RpcCommand.GET_ALLOC_SIZE ? 3_260 : 4);
  payload[0] = device;
  return payload;
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

Deno.test("one weight for two devices is written into the buffer of each", async () => {
  const first = setTensorHash(BIG);
  const second = first.slice();
  second[9] = 0x42; // the tensor's id, and its buffer, are others on the other device
  second[9 + 12] = 0x42;
  const line = new LinkLine({ host: having(), worker: having() });
  const served = line.serveSimply();
  await line.ask(HELLO);
  for (const frame of [first, second]) assert.deepEqual(await line.ask(frame), Uint8Array.of(1));
  await line.asked.closeWrite();
  const frames = [first, second].map((asked) => {
    const frame = filledTensor(BIG);
    frame.set(asked.subarray(9, 9 + 296), 9);
    return frame;
  });
  assertSame(await served, joined([PLAIN_HELLO, ...frames]));
  await line.running;
});

Deno.test("no answer is given here while another is outstanding", async () => {
  const line = new LinkLine({ host: having(), worker: having() });
  const served = line.serveSimply();
  await line.ask(HELLO);
  const alignment = request(RpcCommand.GET_ALIGNMENT, new Uint8Array(4));
  await line.ask(alignment);
  const memory = request(RpcCommand.GET_DEVICE_MEMORY, new Uint8Array(4));
  // Two questions in one write: the second one's answer is known, and must come second.
  await line.asked.write(joined([memory, alignment]));
  await line.nextReply();
  await line.nextReply();
  await line.asked.closeWrite();
  assert.deepEqual(await served, joined([PLAIN_HELLO, alignment, memory, alignment]));
});

Deno.test("a part of a tensor, and an activation of its name, pass as they are", async () => {
  const small = { name: "blk.0.attn_q.weight", type: 24, shape: [900], bytes: pattern(900) };
  const host = new FakeWeights([small]);
  const line = new LinkLine({ host, worker: new FakeWeights([small]) });
  const served = line.serveSimply();
  await line.ask(HELLO);
  const frames = [
    setTensor(small, 64),
    setTensor({ ...small, shape: [901], bytes: pattern(901) }),
    setTensor({ ...small, bytes: pattern(900, 7) }),
    setTensor(small),
  ];
  await line.asked.write(joined(frames));
  await line.asked.closeWrite();
  assert.deepEqual(await served, joined([PLAIN_HELLO, ...frames]));
  assert.equal(line.hostCounts.weightBytesSaved, 900);
});

Deno.test("REGISTER_PEER gets the worker's own port in the fork's protocol only", async () => {
  const payload = new Uint8Array(132);
  payload.set(new TextEncoder().encode("127.0.0.1:50812"), 4);
  const frame = request(RpcCommand.REGISTER_PEER, payload);
  for (const [major, port] of [[3, "6001"], [8, "50812"]] as const) {
    const line = new LinkLine({
      host: none(),
      worker: none(),
      version: [major, 0, 0],
      translatePort: (from) => from === 50812 ? 6001 : undefined,
    });
    const served = line.serveSimply();
    await line.ask(HELLO);
    await line.asked.write(frame);
    await line.asked.closeWrite();
    const text = new TextDecoder().decode((await served).subarray(PLAIN_HELLO.length));
    assert.match(text, new RegExp(`127\\.0\\.0\\.1:${port}\0`));
    await line.running;
  }
});

const UNFILLABLE = refer("0".repeat(64), setTensor(BIG).subarray(0, 314));

const LIES: Readonly<Record<string, () => LinkMessage[]>> = {
  "a weight of a length that it has not": () => [
    refer(sha(BIG.bytes), setTensor({ ...BIG, bytes: pattern(10) }).subarray(0, 314)),
    { kind: "bytes", bytes: HELLO },
  ],
  "a reference without a frame": () => [
    refer(sha(BIG.bytes), new Uint8Array(0)),
    { kind: "bytes", bytes: new Uint8Array(5) },
  ],
  "a reference with another frame": () => [
    refer(sha(BIG.bytes), HELLO),
    { kind: "bytes", bytes: HELLO },
  ],
  "a worker's message": () => [{ kind: "filled", id: 7 }],
  "something behind a refused reference": () => [UNFILLABLE, { kind: "bytes", bytes: HELLO }],
  "something behind one of two refused references": () => [
    UNFILLABLE,
    { ...UNFILLABLE, id: 2 },
    { ...UNFILLABLE, kind: "carry", head: new Uint8Array(0) },
    { kind: "bytes", bytes: joined([HELLO, HELLO]) },
  ],
  "bytes of a weight that was not refused": () => [
    { ...UNFILLABLE, kind: "carry", id: 9, head: new Uint8Array(0) },
  ],
  "a message in the middle of a frame": () => [
    { kind: "bytes", bytes: setTensor(BIG).subarray(0, 500) },
    UNFILLABLE,
  ],
  "more references than it may": () =>
    Array.from({ length: 600 }, (_, id) => ({ ...UNFILLABLE, id })),
};

function refer(sha256: string, head: Uint8Array) {
  return { kind: "refer", id: 1, sha256, byteLength: BIG.bytes.length, head } as const;
}

for (const [lie, messages] of Object.entries(LIES)) {
  Deno.test(`a host's end that sends ${lie} sets no tensor`, async () => {
    const line = new LinkLine({ host: none(), worker: having() });
    const served = line.serveSimply().catch(() => new Uint8Array(0));
    await line.ask(HELLO);
    for (const message of messages()) {
      await line.near.write(encodeMessage(message)).catch(() => {});
    }
    await line.asked.closeWrite();
    await assert.rejects(line.running, TunnelError);
    const received = await served;
    assert.ok(received.length < 2_000, "no data reached rpc-server");
  });
}
