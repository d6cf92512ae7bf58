/**
 * A probe: a question whether its receiver is the peer, or the answer to one. All are of one length, so that an answer is
 * no longer than what it answers. Pure.
 *
 *     0 magic 8 | 8 kind 1 | 9 tag 8 | 17 number 8 | 25 nonce 8 | 33 family 1 | 34 address 16 | 50 port 2 | 52 code 16
 *
 * The tag names the pair and the sender, the code is an HMAC of all before it with a key of theirs. The address is the
 * one that the question came from, in an answer; in a question it is empty. The nonce of a question is random, and its
 * answer has the same: so a peer that forges its address can't answer from where it has heard no question.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { addressBytes } from "../../base/ip_address.ts";
import { type UdpEnd, udpEnd } from "./udp_end.ts";

/** QUIC's own datagrams begin with anything, its fixed bit too; that one begins with this is not to be expected. */
const MAGIC = Uint8Array.fromHex("e9a07fd23c518b64");
const KIND = { ask: 1, answer: 2 } as const;
const AT = {
  kind: 8,
  tag: 9,
  number: 17,
  nonce: 25,
  family: 33,
  address: 34,
  port: 50,
  code: 52,
} as const;
const CODE_BYTES = 16;
const TAG_BYTES = 8;

export const PROBE_BYTES = AT.code + CODE_BYTES;

/** One sender of a pair: its tag in hex, and its key. */
export interface ProbeSender {
  readonly tag: string;
  readonly key: Uint8Array;
}

export interface Probe {
  readonly kind: keyof typeof KIND;
  readonly number: bigint;
  readonly nonce: bigint;
  /** Of an answer, the end that the question came from. */
  readonly seen: UdpEnd | undefined;
}

/** A sender as a secret makes it that only both know. Neither can be taken for the other, nor its questions sent back. */
export function probeSender(secret: Uint8Array, peer: string): ProbeSender {
  const derived = (purpose: string) =>
    new Uint8Array(createHmac("sha256", secret).update(`${purpose} ${peer}`).digest());
  return { tag: derived("tag").subarray(0, TAG_BYTES).toHex(), key: derived("key") };
}

export function isProbe(datagram: Uint8Array): boolean {
  return datagram.length === PROBE_BYTES && MAGIC.every((byte, at) => datagram[at] === byte);
}

/** Which sender it claims to be of. */
export function tagOf(probe: Uint8Array): string {
  return probe.subarray(AT.tag, AT.tag + TAG_BYTES).toHex();
}

export function writeProbe({ kind, number, nonce, seen }: Probe, sender: ProbeSender): Uint8Array {
  const bytes = new Uint8Array(PROBE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[AT.kind] = KIND[kind];
  bytes.set(Uint8Array.fromHex(sender.tag), AT.tag);
  view.setBigUint64(AT.number, number);
  view.setBigUint64(AT.nonce, nonce);
  if (seen !== undefined) {
    const address = addressBytes(seen.ip)!;
    bytes[AT.family] = address.length;
    bytes.set(address, AT.address);
    view.setUint16(AT.port, seen.port);
  }
  bytes.set(codeOf(bytes, sender), AT.code);
  return bytes;
}

/** `undefined` for whatever the sender did not make. */
export function readProbe(bytes: Uint8Array, sender: ProbeSender): Probe | undefined {
  if (!isProbe(bytes) || tagOf(bytes) !== sender.tag) return undefined;
  if (!timingSafeEqual(codeOf(bytes, sender), bytes.subarray(AT.code))) return undefined;
  const [number, nonce] = [AT.number, AT.nonce].map((at) => viewOf(bytes).getBigUint64(at)) as [
    bigint,
    bigint,
  ];
  const seen = readSeen(bytes);
  if (bytes[AT.kind] === KIND.ask) return { kind: "ask", number, nonce, seen: undefined };
  if (bytes[AT.kind] !== KIND.answer || seen === undefined) return undefined;
  return { kind: "answer", number, nonce, seen };
}

function readSeen(bytes: Uint8Array): UdpEnd | undefined {
  const length = bytes[AT.family];
  const port = viewOf(bytes).getUint16(AT.port);
  if (length === 4) {
    return udpEnd(bytes.subarray(AT.address, AT.address + length).join("."), port);
  }
  if (length !== 16) return undefined;
  const view = viewOf(bytes);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(AT.address + 2 * at));
  return udpEnd(groups.map((group) => group.toString(16)).join(":"), port);
}

function codeOf(bytes: Uint8Array, { key }: ProbeSender): Uint8Array {
  const digest = createHmac("sha256", key).update(bytes.subarray(0, AT.code)).digest();
  return new Uint8Array(digest.subarray(0, CODE_BYTES));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
