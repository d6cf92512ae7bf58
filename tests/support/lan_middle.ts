/**
 * A man in the middle, for a namespace: `lan_middle.ts ADDRESS` hears a mesh on the network of its address, announces
 * itself as one more machine of that, and speaks with both ends in the other's place. With its input it ends.
 */

import { createSocket } from "node:dgram";
import { decode, encode } from "dns-packet";
import {
  type Advert,
  type DnsMessage,
  heardIn,
  newLabel,
  QUESTION,
  recordsOf,
} from "../../src/mesh/lan/advert.ts";
import { Middle, speakForBoth } from "../mesh/pairing/middle.ts";
import { readyUntilEnd } from "./helper_program.ts";

const GROUP = "224.0.0.251";
const PORT = 5353;
const TELL_MS = 200;

const [address = ""] = Deno.args;
const socket = createSocket({ type: "udp4", reuseAddr: true });
await new Promise<void>((resolve) => socket.bind(PORT, "0.0.0.0", resolve));
socket.addMembership(GROUP, address);
socket.setMulticastInterface(address);

const send = (message: Parameters<typeof encode>[0]) => socket.send(encode(message), PORT, GROUP);

const { advert, place } = await new Promise<{ advert: Advert; place: string }>((resolve) => {
  socket.on("message", (bytes, { address: from }) => {
    for (const heard of heardIn(decode(bytes) as DnsMessage)) {
      if (heard.kind === "here" && from !== address) {
        resolve({ advert: heard.advert, place: `${from}:${heard.advert.port}` });
      }
    }
  });
  send({ type: "query", questions: [{ ...QUESTION }] });
});
const port = await new Middle(place).listen(speakForBoth);
// It repeats the seal as well, which it can't open.
const answers = recordsOf({ ...advert, label: newLabel(), port });
const announcement = { type: "response", answers } as Parameters<typeof encode>[0];
send(announcement);
setInterval(() => send(announcement), TELL_MS);
await readyUntilEnd();
