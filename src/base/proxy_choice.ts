/** Which of the user's proxies leads to a server: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. Pure. */

import { isLoopback } from "./ip_address.ts";
import { BlockList, isIP } from "node:net";

export interface ProxySettings {
  /** URLs of proxies, for the servers that are asked by https and by http. */
  readonly https: string | null;
  readonly http: string | null;
  /** Names, addresses and networks that are asked directly. */
  readonly noProxy: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** The lower-case form first, as curl has it; `undefined` where no proxy is named. */
export function proxySettings(env: Variables): ProxySettings | undefined {
  const of = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const all = of("ALL_PROXY");
  const [https, http] = ["HTTPS_PROXY", "HTTP_PROXY"].map((name) => urlOf(of(name) ?? all));
  if (!https && !http) return undefined;
  const noProxy = (of("NO_PROXY") ?? "").split(/[\s,]+/).filter((rule) => rule !== "");
  return { https: https ?? null, http: http ?? null, noProxy };
}

/** The proxy for this server, `null` where it is asked directly. This machine's own ports always are. */
export function proxyFor(settings: ProxySettings | undefined, url: URL): string | null {
  if (settings === undefined) return null;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isLoopback(host)) return null;
  const isDirect = settings.noProxy.some((rule) => matches(rule.toLowerCase(), host, portOf(url)));
  return isDirect ? null : settings[url.protocol === "https:" ? "https" : "http"];
}

function urlOf(proxy: string | undefined): string | undefined {
  if (proxy === undefined) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

/** `*`, `host`, `.domain`, `*.domain` (each with `:port`), an address, or a network as `10.0.0.0/8`. */
function matches(rule: string, host: string, port: string): boolean {
  if (rule === "*") return true;
  if (isIP(host) !== 0 && rule.includes("/")) return isInNetwork(rule, host);
  const [, name = rule, wanted] = isIP(rule) === 6 ? [] : /^(.*?)(?::(\d+))?$/.exec(rule) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const bare = name.replace(/^\[(.*)\]$/, "$1").replace(/^\*?\./, "");
  return bare !== "" && (host === bare || host.endsWith(`.${bare}`));
}

function isInNetwork(rule: string, host: string): boolean {
  const [network = "", bits = ""] = rule.split("/");
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  if (isIP(network) === 0 || isIP(network) !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  try {
    const list = new BlockList();
    list.addSubnet(network, Number(bits), family);
    return list.check(host, family);
  } catch {
    return false; // more bits than an address has
  }
}
