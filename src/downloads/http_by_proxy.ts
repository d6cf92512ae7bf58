import { watchSilence } from "../base/watch_silence.ts";
import { reasonOf } from "../base/as_error.ts";
import type { AddressRules } from "./address_rules.ts";
import { CONNECT_TIMEOUT_MS, STALL_TIMEOUT_MS } from "./defaults.ts";
import { type BodyOptions, forbidden, type HttpAnswer, type HttpOptions } from "./http_types.ts";
import { LocalNames } from "./local_names.ts";

/** Of the whole process: a name that is unknown here is so for every download. */
const localNames = new LocalNames();

/** Nothing is known of whom the proxy connects to; a name that leads into this network from here is refused all the same. */
export async function askProxy(
  url: URL,
  headers: Readonly<Record<string, string>>,
  proxy: string,
  { rules, signal, stallMs = STALL_TIMEOUT_MS }: HttpOptions,
): Promise<HttpAnswer> {
  const address = await forbiddenAddress(url, rules);
  if (address !== undefined) throw forbidden(url, address);
  const ending = new AbortController();
  const limit = signal === undefined ? ending.signal : AbortSignal.any([ending.signal, signal]);
  const timer = setTimeout(
    () =>
      ending.abort(new Error(`${url.host} did not answer in time, by the proxy ${hostOf(proxy)}`)),
    Math.min(CONNECT_TIMEOUT_MS, stallMs),
  );
  try {
    const { response, close } = await getByProxy(url, { proxy, headers, signal: limit });
    const end = () => {
      if (ending.signal.aborted) return;
      ending.abort(new Error("Nobody reads on"));
      close();
    };
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: readProxied(response, { host: url.host, stallMs, end, signal }),
      close: end,
    };
  } catch (error) {
    limit.throwIfAborted();
    const reason = reasonOf(error);
    throw new Error(`${url.host} can't be reached by the proxy ${hostOf(proxy)}: ${reason}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** A proxy's URL may hold a password. */
function hostOf(proxy: string): string {
  return URL.parse(proxy)?.host ?? "that is named";
}

async function* readProxied(
  { body }: Response,
  { host, stallMs, end, signal }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  const stop = (reason: unknown) => void reader?.cancel(reason).catch(() => {});
  const onAbort = () => stop(signal?.reason);
  let isStalled = false;
  const onStall = () => {
    isStalled = true;
    stop(new Error("stalled"));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (reader !== undefined) yield* watchSilence(piecesOf(reader), stallMs, onStall);
    signal?.throwIfAborted();
    if (isStalled) throw new Error(`${host} sent nothing for ${stallMs / 1000} s`);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    stop(new Error("Nobody reads on"));
    end();
  }
}

/** Not the stream's own iterator, which would not let the stream be cancelled while it waits. */
async function* piecesOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

interface ProxiedRequest {
  readonly proxy: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** An answer by the user's proxy, and the signal that ends it. */
interface ProxiedAnswer {
  readonly response: Response;
  readonly close: () => void;
}

/** A GET through a proxy: to an https server by a tunnel, so that the proxy sees its name and nothing else. */
async function getByProxy(
  url: URL,
  { proxy, headers, signal }: ProxiedRequest,
): Promise<ProxiedAnswer> {
  const client = Deno.createHttpClient({ proxy: proxyOf(proxy), poolMaxIdlePerHost: 0 });
  try {
    const init: RequestInit & { client: Deno.HttpClient } = {
      client,
      headers,
      signal,
      redirect: "manual",
    };
    const response = await fetch(url, init);
    return { response, close: () => client.close() };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Deno takes a proxy's name and password apart from its URL. */
function proxyOf(text: string): Deno.Proxy {
  const url = new URL(text);
  const { username, password } = url;
  url.username = url.password = "";
  if (username === "") return { url: url.href };
  const basicAuth = {
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  return { url: url.href, basicAuth };
}

/**
 * The address that a name has here and that the rules forbid. Behind a proxy names often have none here, and the proxy's
 * own network is the proxy's to guard.
 */
async function forbiddenAddress(
  { hostname }: URL,
  rules: AddressRules,
): Promise<string | undefined> {
  const found = await localNames.addressesOf(hostname);
  return found.find((address) => !rules.allowsAddress(address));
}
