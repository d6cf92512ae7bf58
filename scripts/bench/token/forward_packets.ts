/**
 * `forward_packets.ts NEAR FAR DELAY_MS`: makes a TUN device `wan` in each of the two namespaces, says so, and hands
 * packets on between them until it is killed. A timer of the runtime comes a millisecond late, so it waits by the
 * system's own call.
 */

const [near = "", far = "", delay = ""] = Deno.args;
const delayMs = Number(delay);

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  prctl: { parameters: ["i32", "u64"], result: "i32" },
  ppoll: { parameters: ["buffer", "u64", "buffer", "pointer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
});

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const CLONE_NEWNET = 0x40000000;
const TUNSETIFF = 0x400454can;
const IFF_TUN_NO_PI = 0x1001;
const PR_SET_TIMERSLACK = 29;
const POLLIN = 1;
const PACKET_BYTES = 2_048;

/** The device belongs to the namespace that this thread is in while it is opened. */
function openDevice(namespace: string): number {
  check(libc.setns(check(open(`/run/netns/${namespace}`, 0)), CLONE_NEWNET));
  const device = check(open("/dev/net/tun", O_RDWR | O_NONBLOCK));
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode("wan"));
  new DataView(request.buffer).setUint16(16, IFF_TUN_NO_PI, true);
  check(libc.ioctl(device, TUNSETIFF, request));
  return device;
}

function open(path: string, flags: number): number {
  return libc.open(new TextEncoder().encode(`${path}\0`), flags);
}

function check(result: number): number {
  if (result < 0) throw new Error("A system call failed: this needs root and /dev/net/tun");
  return result;
}

interface Packet {
  readonly dueMs: number;
  readonly to: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const devices = [openDevice(near), openDevice(far)];
libc.prctl(PR_SET_TIMERSLACK, 1n);
await Deno.stdout.write(new TextEncoder().encode("ready\n"));

const waiting: Packet[] = [];
const polled = new Int16Array(8);
const deadline = new BigInt64Array(2);
const buffer = new Uint8Array(PACKET_BYTES);
for (const [index, device] of devices.entries()) {
  new Int32Array(polled.buffer)[index * 2] = device;
  polled[index * 4 + 2] = POLLIN;
}
for (;;) {
  const [first] = waiting;
  const waitMs = first === undefined ? 1_000 : Math.max(0, first.dueMs - performance.now());
  deadline[1] = BigInt(Math.round(waitMs % 1_000 * 1e6));
  deadline[0] = BigInt(Math.floor(waitMs / 1_000));
  libc.ppoll(polled, 2n, deadline, null);
  for (const [index, device] of devices.entries()) {
    for (;;) {
      const length = Number(libc.read(device, buffer, BigInt(PACKET_BYTES)));
      if (length <= 0) break;
      const to = devices[1 - index]!;
      waiting.push({ dueMs: performance.now() + delayMs, to, bytes: buffer.slice(0, length) });
    }
  }
  const now = performance.now();
  for (let [next] = waiting; next !== undefined && next.dueMs <= now; [next] = waiting) {
    waiting.shift();
    libc.write(next.to, next.bytes, BigInt(next.bytes.length));
  }
}
