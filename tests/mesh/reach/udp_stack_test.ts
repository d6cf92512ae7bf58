import assert from "node:assert/strict";
import { BULK_PAUSE_MS } from "../../../src/mesh/reach/defaults.ts";
import { LinuxStack } from "../../../src/mesh/reach/linux_stack.ts";
import { PlainStack } from "../../../src/mesh/reach/plain_stack.ts";
import {
  openUdpStack,
  type UdpEnd,
  udpEnd,
  type UdpSocket,
  type UdpStack,
} from "../../../src/mesh/reach/mod.ts";
import { Mailbox } from "../quic/mailbox.ts";

const isLinux = Deno.build.os === "linux";

const STACKS: Readonly<Record<string, () => UdpStack>> = {
  ...isLinux && { linux: () => LinuxStack.open() },
  plain: () => new PlainStack(),
};

interface Heard {
  readonly bytes: Uint8Array;
  readonly from: UdpEnd;
}

function hear(socket: UdpSocket): Mailbox<Heard> {
  const heard = new Mailbox<Heard>();
  socket.onDatagram = (datagram, from) => heard.put({ bytes: datagram.slice(), from });
  return heard;
}

/** A datagram whose bytes tell its number and its length. */
function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(number);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

for (const [name, open] of Object.entries(STACKS)) {
  Deno.test(`${name}: datagrams arrive whole, with their sender, whatever their lengths`, async () => {
    const stack = open();
    const [near, far] = [stack.bind("127.0.0.1", 0), stack.bind("127.0.0.1", 0)];
    const heard = hear(far);
    const lengths = [1_200, 1_200, 1_200, 40, 1_200, 5, 900, 1_200, 1_200, 60, 60, 61, 1_200];
    lengths.forEach((length, at) => near.send(numbered(at, length), udpEnd("127.0.0.1", far.port)));
    for (const [at, length] of lengths.entries()) {
      const { bytes, from } = await heard.take();
      assert.equal(bytes.toHex(), numbered(at, length).toHex());
      assert.equal(from.key, `127.0.0.1:${near.port}`);
    }
    await stack.close();
  });

  Deno.test(`${name}: between bursts datagrams come alone, and all arrive whole and in order`, async () => {
    const stack = open();
    const [near, far] = [stack.bind("127.0.0.1", 0), stack.bind("127.0.0.1", 0)];
    const heard = hear(far);
    let sent = 0;
    for (const [round, count] of [1, 40, 1, 60, 3].entries()) {
      // No event tells that the socket has become quiet, and waits as it does then.
      await new Promise((done) => setTimeout(done, 2 * BULK_PAUSE_MS));
      const lengths = Array.from({ length: count }, (_, at) => at + 1 < count ? 700 + round : 20);
      const begin = sent;
      for (const length of lengths) {
        near.send(numbered(sent++, length), udpEnd("127.0.0.1", far.port));
      }
      for (const [at, length] of lengths.entries()) {
        assert.deepEqual((await heard.take()).bytes, numbered(begin + at, length));
      }
    }
    await stack.close();
  });

  Deno.test(`${name}: a buffer may be used again at once, and ends are not mixed up`, async () => {
    const stack = open();
    const near = stack.bind("127.0.0.1", 0);
    const others = [stack.bind("127.0.0.1", 0), stack.bind("127.0.0.1", 0)];
    const heard = others.map(hear);
    const buffer = new Uint8Array(100);
    for (let round = 0; round < 20; round++) {
      buffer.fill(round);
      near.send(buffer, udpEnd("127.0.0.1", others[round % 2]!.port));
    }
    for (let round = 0; round < 20; round++) {
      assert.equal((await heard[round % 2]!.take()).bytes[0], round);
    }
    await stack.close();
  });

  Deno.test(`${name}: an answer goes where the question came from`, async () => {
    const stack = open();
    const [near, far] = [stack.bind("127.0.0.1", 0), stack.bind("127.0.0.1", 0)];
    far.onDatagram = (datagram, from) => far.send(datagram, from);
    const heard = hear(near);
    for (let at = 0; at < 50; at++) {
      near.send(numbered(at, 50 + at), udpEnd("127.0.0.1", far.port));
      assert.deepEqual((await heard.take()).bytes, numbered(at, 50 + at));
    }
    await stack.close();
  });

  Deno.test(`${name}: nothing is thrown where nobody hears, nor after the end`, async () => {
    const stack = open();
    const socket = stack.bind("127.0.0.1", 0);
    const closed = stack.bind("127.0.0.1", 0);
    closed.close();
    closed.close();
    socket.send(new Uint8Array(8), udpEnd("127.0.0.1", closed.port));
    socket.send(new Uint8Array(0), udpEnd("127.0.0.1", closed.port));
    socket.send(new Uint8Array(8), udpEnd("255.255.255.255", 9));
    const again = stack.bind("127.0.0.1", 0);
    const heard = hear(again);
    socket.send(new Uint8Array(8), udpEnd("127.0.0.1", again.port));
    assert.equal((await heard.take()).bytes.length, 8);
    await stack.close();
    socket.send(new Uint8Array(8), udpEnd("127.0.0.1", again.port));
    await stack.close();
  });

  Deno.test(`${name}: a port that is taken is told of`, async () => {
    const stack = open();
    const { port } = stack.bind("127.0.0.1", 0);
    assert.throws(() => stack.bind("127.0.0.1", port), /in use/i);
    await stack.close();
  });

  Deno.test(`${name}: IPv6, and its ends in one form`, async () => {
    const stack = open();
    const [near, far] = [stack.bind("::1", 0), stack.bind("::1", 0)];
    const heard = hear(far);
    near.send(new Uint8Array(8), udpEnd("0:0:0:0:0:0:0:1", far.port));
    assert.equal((await heard.take()).from.key, `[::1]:${near.port}`);
    await stack.close();
  });
}

Deno.test({
  name: "linux: all addresses of IPv4 and of IPv6 share a port, each with a socket of its own",
  ignore: !isLinux,
  async fn() {
    const stack = LinuxStack.open();
    const all = stack.bind("0.0.0.0", 0);
    const both = [all, stack.bind("::", all.port)];
    const heard = both.map(hear);
    for (const [at, ip] of ["127.0.0.1", "::1"].entries()) {
      const near = stack.bind(ip, 0);
      const answers = hear(near);
      for (let count = 0; count < 3; count++) {
        near.send(numbered(count, 8), udpEnd(ip, all.port));
        const { bytes, from } = await heard[at]!.take();
        assert.deepEqual([bytes, from.key], [numbered(count, 8), udpEnd(ip, near.port).key]);
        both[at]!.send(bytes, from);
        assert.deepEqual((await answers.take()).bytes, bytes);
      }
    }
    await stack.close();
  },
});

Deno.test("Linux uses its own calls, other systems do without", async () => {
  const stack = openUdpStack();
  assert.equal(stack.kind, isLinux ? "linux" : "plain");
  await stack.close();
});
