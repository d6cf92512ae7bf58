/** Pure decisions about who a request is meant for and which page it comes from. */

import { isLoopback } from "../../base/ip_address.ts";

/** Names that a port answers to, beside the loopback names. */
export interface OwnHosts {
  /** The address or name that the port is bound to. */
  readonly bound: string;
  /** Others that this machine is known by; `*.lan` stands for every name below it. */
  readonly names: readonly string[];
}

/** The usual header, as the longer way reads it too. */
const USUAL = /^(?:127\.0\.0\.1|localhost)(?::(?:\d{1,4}|[1-5]\d{4}))?$/;

const UNSPECIFIED = ["0.0.0.0", "[::]"];

/** The host in a `Host` header, in its one canonical form, without the port; `null` where it is none. */
export function hostname(header: string): string | null {
  // The URL parser does the rest; these would let it read a host out of something else.
  if (!/^[\w.:[\]-]+$/.test(header)) return null;
  const url = URL.parse(`http://${header}`);
  return url === null ? null : url.hostname.replace(/\.$/, "");
}

/**
 * True where a port answers to this `Host`. A page that rebinds its own name to our address still sends
 * that name. An address can't be rebound, so a port bound to all addresses answers to each.
 */
export function isOwnHost(header: string, own: OwnHosts): boolean {
  if (USUAL.test(header)) return true;
  const host = hostname(header);
  if (host === null) return false;
  if (isLoopback(host)) return true;
  const bound = canonical(own.bound);
  if (UNSPECIFIED.includes(bound) && isAddress(host)) return true;
  return host === bound || own.names.some((name) => isNamed(host, name));
}

/** The browser's statement about the page that makes a request. */
export interface RequestOrigin {
  readonly method: string;
  readonly host: string;
  readonly origin: string | null;
  readonly site: string | null;
  readonly mode: string | null;
  readonly destination: string | null;
}

/**
 * True where another site's page, or a page on another port of this machine, makes the request.
 * Following a link to us is no such request: the other page sees nothing of the answer.
 */
export function isCrossSite(from: RequestOrigin): boolean {
  if (from.origin !== null && !isSameHost(from.origin, from.host)) return true;
  if (from.site === null || from.site === "same-origin" || from.site === "none") return false;
  const isLink = from.mode === "navigate" && from.destination === "document";
  return !isLink || (from.method !== "GET" && from.method !== "HEAD");
}

function isSameHost(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  // The scheme is left out: a proxy in front of us may speak https.
  return url !== null && url.host === URL.parse(`${url.protocol}//${host}`)?.host;
}

function isNamed(host: string, name: string): boolean {
  if (!name.startsWith("*.")) return canonical(name) === host;
  const above = `.${canonical(name.slice(2))}`;
  return host.endsWith(above) && host.length > above.length;
}

/** A bound address or a name by flag, as people write it: IPv6 with or without brackets. */
function canonical(name: string): string {
  return hostname(name) ?? hostname(`[${name}]`) ?? name;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
