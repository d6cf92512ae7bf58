/**
 * Tells which user is at the other end of a connection, if Linux tells: its tables of sockets have the owner of each.
 */

import { addressBytes } from "../../base/ip_address.ts";

/** The two ends of a caller's connection, as `node:net` names them. */
export interface CallerEnds {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** IPv4 and IPv6. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** Stands in a container for every user whom it does not know. */
const NOBODY_KNOWN = 65_534;

/** Recognises connections of this process's own user. */
export class LocalUser {
  readonly #uid: number | null;
  readonly #readTables: () => Promise<string>;
  /** A connection never changes hands, so that it is looked up once. */
  readonly #known = new WeakMap<CallerEnds, Promise<boolean>>();

  /** @param uid `null` recognises nobody. */
  constructor(uid: number | null, tables: () => Promise<string> = readTables) {
    this.#uid = uid;
    this.#readTables = tables;
  }

  /** False also where the system does not tell. */
  isOwn(ends: CallerEnds): Promise<boolean> {
    let known = this.#known.get(ends);
    if (known === undefined) this.#known.set(ends, known = this.#lookUp(ends));
    return known;
  }

  async #lookUp(ends: CallerEnds): Promise<boolean> {
    if (this.#uid === null || this.#uid === NOBODY_KNOWN || socketsOf(ends) === null) return false;
    const tables = await this.#readTables().catch(() => "");
    return ownerOf(tables, ends) === this.#uid;
  }
}

/**
 * The user who holds the caller's end. Only of a connection that is established: a socket that its process has closed
 * is listed as root's.
 */
export function ownerOf(tables: string, ends: CallerEnds): number | null {
  for (const sockets of socketsOf(ends) ?? []) {
    const at = tables.indexOf(`: ${sockets} 01 `);
    if (at === -1) continue;
    const [line = ""] = tables.slice(at + 2, at + 300).split("\n", 1);
    const [, , , , , , uid, , inode] = line.split(/ +/);
    if (inode !== undefined && inode !== "0") return Number(uid);
  }
  return null;
}

/** How the tables name the caller's socket, in each of them; `null` for one beyond loopback. */
function socketsOf(ends: CallerEnds): readonly string[] | null {
  const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = ends;
  const [from, to] = [formsOf(remoteAddress), formsOf(localAddress)];
  if (from === null || to === null) return null;
  return from.flatMap((form, n) =>
    to[n] === undefined ? [] : [`${form}:${portOf(remotePort)} ${to[n]}:${portOf(localPort)}`]
  );
}

const LOOPBACK_6 = "00000000000000000000000001000000";
const IPV4_MAPPED = "0000000000000000FFFF0000";

/** A loopback address as the kernel prints it on machines of this kind, which are little-endian. */
function formsOf(address: string): readonly string[] | null {
  if (address === "::1") return [LOOPBACK_6];
  const bytes = addressBytes(address);
  if (bytes?.length !== 4 || bytes[0] !== 127) return null;
  const word = bytes.toReversed().toHex().toUpperCase();
  return [word, IPV4_MAPPED + word];
}

function portOf(port: number): string {
  return hex(port, 4);
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

async function readTables(): Promise<string> {
  const texts = await Promise.all(
    TABLES.map((path) => Deno.readTextFile(path).catch(() => "")),
  );
  return texts.join("\n");
}
