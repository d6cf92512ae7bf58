/**
 * A stranger on a network, for a namespace. `lan_stranger.ts ADDRESS FILE listen` asks who is there, again and again, and
 * writes each datagram that comes into the file: its sender, and its bytes in hexadecimal. `... flood` sends nonsense, and
 * announcements of meshes with odd names, 1,000 of each, and writes "sent". With its input it ends.
 */

import { createSocket } from "node:dgram";
import { encode } from "dns-packet";
import { newLabel, QUESTION, recordsOf } from "../../src/mesh/lan/advert.ts";
import { readyUntilEnd } from "./helper_program.ts";

const GROUP = "224.0.0.251";
const PORT = 5353;
const COUNT = 1_000;
const ASK_MS = 100;

const [address = "", file = "", what = ""] = Deno.args;
const socket = createSocket({ type: "udp4", reuseAddr: true });
await new Promise<void>((resolve) => socket.bind(PORT, "0.0.0.0", resolve));
socket.addMembership(GROUP, address);
socket.setMulticastInterface(address);

const send = (bytes: Uint8Array) =>
  new Promise<void>((resolve) => socket.send(bytes, PORT, GROUP, () => resolve()));

function listen(): void {
  socket.on("message", (bytes, { address: from }) => {
    Deno.writeTextFileSync(file, `${from} ${new Uint8Array(bytes).toHex()}\n`, { append: true });
  });
  const ask = () => send(encode({ type: "query", questions: [QUESTION] }));
  setInterval(() => void ask(), ASK_MS);
}

async function flood(): Promise<void> {
  for (let number = 0; number < COUNT; number++) {
    await send(crypto.getRandomValues(new Uint8Array(1 + number % 400)));
    const answers = recordsOf({
      label: newLabel(),
      port: 1 + number,
      mesh: `<script>${number}</script>\x1b[31m\u202e`,
      shortId: number.toString(16).padStart(8, "0"),
      sealed: "A".repeat(80),
    });
    await send(encode({ type: "response", answers } as Parameters<typeof encode>[0]));
  }
  Deno.writeTextFileSync(file, "sent");
}

if (what === "listen") listen();
else void flood();
await readyUntilEnd();
