import { watchSilence } from "../base/watch_silence.ts";
import { lookup as resolveName } from "node:dns";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { proxyFor } from "../base/proxy_choice.ts";
import type { AddressRules } from "./address_rules.ts";
import { askProxy } from "./http_by_proxy.ts";
import {
  type BodyOptions,
  forbidden,
  ForbiddenAddressError,
  type HttpAnswer,
  type HttpOptions,
} from "./http_types.ts";
import { CONNECT_TIMEOUT_MS, MAX_REDIRECTS, STALL_TIMEOUT_MS } from "./defaults.ts";

/**
 * A GET that follows redirects. Each hop is judged by its URL, and by the very address that is connected
 * to: a name that resolves to one address when it is checked and to another when it is used can't slip through.
 */
export async function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: HttpOptions,
): Promise<HttpAnswer> {
  let at = url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await requestOnce(at, headers, options);
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.close();
    const next = URL.parse(location, at);
    if (next === null) throw new Error(`${at.host} redirects to ${location}, which is no URL`);
    at = next;
  }
  throw new Error(`${url.host} redirects more than ${MAX_REDIRECTS} times`);
}

function requestOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: HttpOptions,
): Promise<HttpAnswer> {
  const { rules, token, signal, proxies } = options;
  checkUrl(url, rules);
  signal?.throwIfAborted();
  const secret = token !== null && url.host === token.host
    ? { authorization: `Bearer ${token.value}` }
    : {};
  const sent = {
    "user-agent": "mesh-llm",
    "accept-encoding": "identity",
    ...headers,
    ...secret,
  };
  const proxy = proxyFor(proxies, url);
  return proxy === null ? askDirectly(url, sent, options) : askProxy(url, sent, proxy, options);
}

async function askDirectly(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { rules, signal, stallMs = STALL_TIMEOUT_MS }: HttpOptions,
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { get } = url.protocol === "https:" ? https : http;
  const request = get(url, {
    headers,
    lookup: guardedLookup(url, rules),
    // Of its own: a connection that is kept for later outlives the code that waits for its end.
    agent: false,
  }, resolve);
  const fail = (error: Error) => {
    reject(error);
    request.destroy(error);
  };
  request.on("error", reject);
  const onAbort = () => fail(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(
    () => fail(new Error(`${url.host} did not answer in time`)),
    Math.min(CONNECT_TIMEOUT_MS, stallMs),
  );
  const end = () => {
    signal?.removeEventListener("abort", onAbort);
    request.destroy();
  };
  try {
    const message = await promise;
    return {
      status: message.statusCode ?? 0,
      headers: message.headers as HttpAnswer["headers"],
      body: readBody(message, { host: url.host, stallMs, end, signal }),
      close: end,
    };
  } catch (error) {
    end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function checkUrl(url: URL, rules: AddressRules): void {
  if (!rules.allowsUrl(url)) {
    throw new ForbiddenAddressError(
      `Cannot download from ${url.host}: only https is allowed, and found was ${url.protocol}//`,
    );
  }
  const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0 && !rules.allowsAddress(literal)) throw forbidden(url, literal);
}

/** Resolves names as always, and lets no address through that the rules forbid. */
function guardedLookup(url: URL, rules: AddressRules): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const refused = addresses.find(({ address }) => !rules.allowsAddress(address));
      const [first] = addresses;
      if (refused !== undefined) return callback(forbidden(url, refused.address), "");
      if (first === undefined) return callback(new Error(`${hostname} has no address`), "");
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

async function* readBody(
  message: IncomingMessage,
  { host, stallMs, end, signal }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const stalled = () => message.destroy(new Error(`${host} sent nothing for ${stallMs / 1000} s`));
  try {
    yield* watchSilence<Uint8Array>(message, stallMs, stalled);
    signal?.throwIfAborted();
    if (!message.complete) throw new Error(`${host} broke the connection off`);
  } finally {
    end();
  }
}
