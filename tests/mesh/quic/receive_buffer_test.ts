import assert from "node:assert/strict";
import { parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { SOCKET_BUFFER_BYTES } from "../../../src/mesh/quic/limits.ts";
import {
  receiveBufferLine,
  type SocketCalls,
  widenReceiveBuffer,
} from "../../../src/mesh/quic/receive_buffer.ts";
import { run } from "../../../scripts/run.ts";
import { whyNoNamespaces } from "../../support/namespaces.ts";
import { Endpoint } from "./links.ts";

const PORT = 47_001;

/** Sockets of a system with a limit: `descriptor -> UDP port`, and what each has been given. */
function socketsOf(
  ports: Readonly<Record<number, number | undefined>>,
  { limit, privileged }: { readonly limit: number; readonly privileged: boolean },
) {
  const given = new Map<number, number>();
  let closed = 0;
  const calls: SocketCalls = {
    descriptors: () => Object.keys(ports).map(Number),
    udpPort: (descriptor) => ports[descriptor],
    receiveBytes: (descriptor) => given.get(descriptor) ?? Math.min(limit, 212_992),
    setReceiveBytes(descriptor, bytes, how) {
      if (how === "privileged" && !privileged) return;
      given.set(descriptor, how === "usual" ? Math.min(bytes, limit) : bytes);
    },
    close: () => void (closed += 1),
  };
  return { calls: () => calls, given, closed: () => closed };
}

Deno.test("only the sockets of the port are touched, of IPv4 and IPv6", () => {
  const sockets = socketsOf({ 3: undefined, 4: PORT, 5: 9_337, 9: PORT }, {
    limit: SOCKET_BUFFER_BYTES,
    privileged: false,
  });
  assert.deepEqual(widenReceiveBuffer(PORT, SOCKET_BUFFER_BYTES, sockets.calls), { kind: "set" });
  assert.deepEqual([...sockets.given.keys()], [4, 9]);
  assert.equal(sockets.closed(), 1);
});

Deno.test("where the system allows less, a privileged process gets all, and others learn how", () => {
  const limit = 212_992;
  const widened = (privileged: boolean) =>
    widenReceiveBuffer(
      PORT,
      SOCKET_BUFFER_BYTES,
      socketsOf({ 4: PORT }, { limit, privileged }).calls,
    );
  assert.deepEqual(widened(true), { kind: "set" });
  const limited = widened(false);
  assert.deepEqual(limited, { kind: "limited", bytes: limit });
  assert.match(
    receiveBufferLine(limited, SOCKET_BUFFER_BYTES)!,
    /of 212992 bytes, .*sysctl -w net\.core\.rmem_max=4194304/,
  );
});

Deno.test("a system that can't be asked keeps its buffer, and the log has a line about it", () => {
  const refusing = () => {
    throw new Error("it is set on Linux alone");
  };
  const unchanged = widenReceiveBuffer(PORT, SOCKET_BUFFER_BYTES, refusing);
  assert.equal(
    receiveBufferLine(unchanged, SOCKET_BUFFER_BYTES),
    "The mesh's UDP port keeps the system's receive buffer: it is set on Linux alone",
  );
  const none = socketsOf({ 4: 1 }, { limit: 1, privileged: true });
  assert.equal(widenReceiveBuffer(PORT, 1, none.calls).kind, "unchanged");
  assert.equal(none.closed(), 1);
});

const reason = await whyNoNamespaces(); // iproute2's ss is asked, and the system's limit may be low

/** The kernel's own word on the UDP socket of a port. */
async function kernelsBytes(port: number): Promise<number> {
  const { stdout } = await run("ss", ["-Huamn", `sport = :${port}`], { output: "capture" });
  return Number(/rb(\d+)/.exec(stdout)?.[1]);
}

Deno.test({
  name: `a port that listens has the buffer that it asked for${reason ? ` (${reason})` : ""}`,
  ignore: reason !== null,
  fn: async () => {
    const lines: string[] = [];
    await using wide = await Endpoint.start({ onReceiveBufferLine: (line) => lines.push(line) });
    await using plain = await Endpoint.start({ receiveBufferBytes: 0 });
    const [widePort, plainPort] = await Promise.all(
      [wide, plain].map(async (one) => parseQuicAddress(await one.listen())?.port),
    );
    assert.equal(await kernelsBytes(widePort!), 2 * SOCKET_BUFFER_BYTES);
    assert.ok(await kernelsBytes(plainPort!) < SOCKET_BUFFER_BYTES);
    assert.deepEqual(lines, []);
  },
});
