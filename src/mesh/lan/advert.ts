/** The datagrams by which nodes of a network find each other: made and read. Pure; nothing that is read is trusted. */

import { asDisplayName } from "../base/names.ts";
import { LAN_SERVICE, LAN_TTL_SECONDS, MAX_LAN_RECORDS } from "./defaults.ts";

/** One node's announcement of itself, for one interface. */
export interface Advert {
  /** Chosen anew at each start: it tells nodes apart and nothing of them. */
  readonly label: string;
  /** UDP, of the mesh. */
  readonly port: number;
  /** The mesh's name, for people. */
  readonly mesh: string;
  /** `MeshSeal.shortId` */
  readonly shortId: string;
  /** For members alone. */
  readonly sealed: string;
}

/** An announcement as it was heard; zero seconds are a goodbye. */
export type Heard =
  | { readonly kind: "here"; readonly advert: Advert; readonly seconds: number }
  | { readonly kind: "gone"; readonly label: string };

/** As multicast-dns takes and gives them. */
export interface DnsRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number | undefined;
  readonly data?: unknown;
}

export interface DnsMessage {
  readonly questions?: readonly { readonly name: string; readonly type: string }[] | undefined;
  readonly answers?: readonly DnsRecord[] | undefined;
  readonly additionals?: readonly DnsRecord[] | undefined;
}

const LABEL = /^[0-9a-f]{12}$/;
const SHORT_ID = /^[0-9a-f]{8}$/;
const SEALED = /^[A-Za-z0-9+/=]{40,240}$/;

export const QUESTION = { name: LAN_SERVICE, type: "PTR" } as const;

export function newLabel(): string {
  return crypto.getRandomValues(new Uint8Array(6)).toHex();
}

export function asks({ questions = [] }: DnsMessage): boolean {
  return questions.slice(0, MAX_LAN_RECORDS).some(({ name, type }) =>
    isService(name) && (type === "PTR" || type === "ANY")
  );
}

export function recordsOf({ label, port, mesh, shortId, sealed }: Advert): DnsRecord[] {
  const name = `${label}.${LAN_SERVICE}`;
  const ttl = LAN_TTL_SECONDS;
  return [
    { name: LAN_SERVICE, type: "PTR", ttl, data: name },
    { name, type: "SRV", ttl, data: { port, target: `${label}.local` } },
    { name, type: "TXT", ttl, data: [`mesh=${mesh}`, `id=${shortId}`, `seal=${sealed}`] },
  ];
}

export function goodbyeOf(label: string): DnsRecord[] {
  return [{ name: LAN_SERVICE, type: "PTR", ttl: 0, data: `${label}.${LAN_SERVICE}` }];
}

/** All announcements in a datagram that are whole. */
export function heardIn({ answers = [], additionals = [] }: DnsMessage): Heard[] {
  const records = [...answers, ...additionals].slice(0, MAX_LAN_RECORDS);
  const pointers = records.filter(({ name, type }) => type === "PTR" && isService(name));
  return pointers.flatMap((pointer) => heardOf(pointer, records) ?? []);
}

function heardOf({ data, ttl }: DnsRecord, records: readonly DnsRecord[]): Heard | undefined {
  const label = labelOf(data);
  if (label === undefined) return undefined;
  if (ttl === 0) return { kind: "gone", label };
  const own = records.filter(({ name }) => labelOf(name) === label);
  const port = portOf(own.find(({ type }) => type === "SRV")?.data);
  const texts = textsOf(own.find(({ type }) => type === "TXT")?.data);
  const shortId = texts.get("id") ?? "";
  const sealed = texts.get("seal") ?? "";
  if (port === undefined || !SHORT_ID.test(shortId) || !SEALED.test(sealed)) return undefined;
  const advert = { label, port, mesh: asMeshName(texts.get("mesh") ?? ""), shortId, sealed };
  return { kind: "here", advert, seconds: Math.min(secondsOf(ttl), LAN_TTL_SECONDS) };
}

/** One that nobody could mistake for markup, wherever it is shown. */
export function asMeshName(text: string): string {
  return asDisplayName(text.replaceAll(/[<>]/g, "").trim());
}

function isService(name: unknown): boolean {
  return typeof name === "string" && name.toLowerCase() === LAN_SERVICE;
}

function labelOf(name: unknown): string | undefined {
  if (typeof name !== "string") return undefined;
  const text = name.toLowerCase();
  const label = text.slice(0, -LAN_SERVICE.length - 1);
  return text === `${label}.${LAN_SERVICE}` && LABEL.test(label) ? label : undefined;
}

function portOf(data: unknown): number | undefined {
  const port = (data as { port?: unknown } | null | undefined)?.port;
  return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535
    ? port
    : undefined;
}

function secondsOf(ttl: unknown): number {
  return typeof ttl === "number" && ttl > 0 ? ttl : LAN_TTL_SECONDS;
}

/** The first of a key counts. */
function textsOf(data: unknown): Map<string, string> {
  const texts = new Map<string, string>();
  for (const item of (Array.isArray(data) ? data : [data]).slice(0, MAX_LAN_RECORDS)) {
    const text = item instanceof Uint8Array ? new TextDecoder().decode(item) : item;
    const [, key, value] = typeof text === "string" ? /^([a-z]{1,8})=(.*)$/s.exec(text) ?? [] : [];
    if (key !== undefined && value !== undefined && !texts.has(key)) texts.set(key, value);
  }
  return texts;
}
