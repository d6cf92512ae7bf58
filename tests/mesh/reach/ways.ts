/** Two transports that know each other by pipes alone, and ways between them that a test cuts, loses and falsifies. */

import { createHash } from "node:crypto";
import { multiaddr } from "@multiformats/multiaddr";
import type { DatagramPath } from "../../../src/mesh/base/datagram_path.ts";
import {
  openUdpStack,
  Pipe,
  type UdpEnd,
  udpEnd,
  type UdpStack,
} from "../../../src/mesh/reach/mod.ts";
import { parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { Endpoint, type Link, openStream } from "../quic/links.ts";

/** The fate of a datagram on its way: itself as a rule, or nothing, or others. */
export type Fate = (datagram: Uint8Array) => readonly Uint8Array[];

/** The two ends of a way by UDP. */
export class Way {
  readonly ends: readonly [DatagramPath, DatagramPath];
  /** Of both directions. */
  fate: Fate = (datagram) => [datagram];
  carried = 0;

  constructor(stack: UdpStack) {
    const sockets = [stack.bind("127.0.0.1", 0), stack.bind("127.0.0.1", 0)] as const;
    const [near, far] = sockets.map((socket, at) => {
      const to = udpEnd("127.0.0.1", sockets[1 - at]!.port);
      const end: DatagramPath = {
        onDatagram: undefined,
        send: (datagram) => {
          this.carried += 1;
          for (const one of this.fate(datagram)) socket.send(one, to);
        },
        close: () => socket.close(),
      };
      socket.onDatagram = (datagram) => end.onDatagram?.(datagram);
      return end;
    });
    this.ends = [near!, far!];
  }
}

export interface PipedPair extends AsyncDisposable {
  readonly near: Link;
  readonly far: Link;
  readonly pipes: readonly [near: Pipe, far: Pipe];
  /** The bytes as the far end reads them. */
  transfer(bytes: Uint8Array): Promise<Uint8Array>;
  /** A stream for more than fits into memory twice. */
  pour(): Promise<Pouring>;
}

/** Random bytes on their way, which the far end reads as they come. */
export interface Pouring {
  /** Resolves once the stream has taken so many. */
  write(count: number): Promise<void>;
  /** Digests of what was sent and what was read. */
  end(): Promise<{ readonly sent: string; readonly read: string; readonly count: number }>;
}

/** One dials the pipe to the other. The paths are the pipes' own from now on. */
export async function pipePair(
  stack: UdpStack,
  [nearPath, farPath]: readonly [DatagramPath, DatagramPath],
): Promise<PipedPair> {
  const [dialler, listener] = [await Endpoint.start(), await Endpoint.start()];
  const serverPort = parseQuicAddress(await listener.listen())!.port;
  const pipes = [
    new Pipe({ stack, path: nearPath }),
    new Pipe({ stack, path: farPath, serverPort }),
  ] as const;
  const near = await dialler.dial(multiaddr(`/ip4/127.0.0.1/udp/${pipes[0].port}/quic-v1`));
  const far = await listener.incoming.take();
  return {
    near,
    far,
    pipes,
    async transfer(bytes) {
      const [out, into] = await openStream(near, far);
      const writing = (async () => {
        for (let at = 0; at < bytes.length; at += CHUNK) {
          await out.write(bytes.subarray(at, at + CHUNK));
        }
        await out.closeWrite();
      })();
      const [read] = await Promise.all([readAll(into, bytes.length), writing]);
      return read;
    },
    async pour() {
      return pouring(await openStream(near, far));
    },
    async [Symbol.asyncDispose]() {
      await dialler[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      for (const pipe of pipes) pipe.close();
    },
  };
}

const CHUNK = 65_536;

function pouring([out, into]: Awaited<ReturnType<typeof openStream>>): Pouring {
  const [sent, read] = [createHash("sha256"), createHash("sha256")];
  let count = 0;
  const reading = (async () => {
    for (let bytes = await into.read(); bytes !== null; bytes = await into.read()) {
      read.update(bytes);
      count += bytes.length;
    }
  })();
  reading.catch(() => undefined); // who waits for the end is told
  return {
    async write(bytes) {
      for (let left = bytes; left > 0; left -= CHUNK) {
        const chunk = crypto.getRandomValues(new Uint8Array(Math.min(CHUNK, left)));
        sent.update(chunk);
        await out.write(chunk);
      }
    },
    async end() {
      await out.closeWrite();
      await reading;
      return { sent: sent.digest("hex"), read: read.digest("hex"), count };
    },
  };
}

async function readAll(
  stream: { read(): Promise<Uint8Array | null> },
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let read = await stream.read(); read !== null; read = await stream.read()) {
    bytes.set(read, at);
    at += read.length;
  }
  return bytes.subarray(0, at);
}

/** A stack that is closed at the end of a test. */
export function usingStack(open: () => UdpStack = openUdpStack): UdpStack & AsyncDisposable {
  const stack = open();
  return Object.assign(stack, { [Symbol.asyncDispose]: () => stack.close() });
}

/**
 * Several paths to one peer as one: it sends over one of them and hears them all, for whatever is still on its way over
 * another, or comes because the peer has chosen differently.
 */
export class SwitchedPath implements DatagramPath {
  onDatagram: DatagramPath["onDatagram"];
  readonly #paths = new Set<DatagramPath>();
  #chosen: DatagramPath | undefined;

  /** Sends over this path from now on. */
  use(path: DatagramPath): void {
    this.hear(path);
    this.#chosen = path;
  }

  hear(path: DatagramPath): void {
    this.#paths.add(path);
    path.onDatagram = (datagram) => this.onDatagram?.(datagram);
  }

  /** Closes a path that leads nowhere any more. Nothing is sent until another is chosen, if it was the chosen one. */
  drop(path: DatagramPath): void {
    if (!this.#paths.delete(path)) return;
    if (this.#chosen === path) this.#chosen = undefined;
    path.onDatagram = undefined;
    path.close();
  }

  send(datagram: Uint8Array): void {
    this.#chosen?.send(datagram);
  }

  close(): void {
    for (const path of [...this.#paths]) this.drop(path);
  }
}

/**
 * A router between two sockets on this machine: each meets the other at the side of it that faces it, and it falls silent
 * when a test says so.
 */
export class Between {
  readonly faces: readonly [near: UdpEnd, far: UdpEnd];
  isSilent = false;

  /** @param ports of the two sockets */
  constructor(stack: UdpStack, ports: readonly [near: number, far: number]) {
    const sides = [stack.bind("127.0.0.1", 0), stack.bind("127.0.0.1", 0)] as const;
    for (const [at, side] of sides.entries()) {
      const other = sides[1 - at]!;
      const to = udpEnd("127.0.0.1", ports[1 - at]!);
      side.onDatagram = (datagram) => {
        if (!this.isSilent) other.send(datagram, to);
      };
    }
    this.faces = [udpEnd("127.0.0.1", sides[0].port), udpEnd("127.0.0.1", sides[1].port)];
  }
}
