import type { ProxySettings } from "../base/proxy_choice.ts";
import { DownloadRefusedError } from "./errors.ts";
import type { AddressRules } from "./address_rules.ts";

export interface HttpOptions {
  readonly rules: AddressRules;
  /** Sent to this host only, whatever redirects there are. */
  readonly token: { readonly host: string; readonly value: string } | null;
  /** The user's proxies. @default {every server is asked directly} */
  readonly proxies?: ProxySettings;
  /** @default {STALL_TIMEOUT_MS} */
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Throws where nothing comes for too long, or the connection breaks. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up; needed where the body is not read to its end. */
  close(): void;
}

/** The server may not be asked at all: {@linkcode AddressRules}. */
export class ForbiddenAddressError extends DownloadRefusedError {
  override name = "ForbiddenAddressError";
}

export function forbidden(url: URL, address: string): ForbiddenAddressError {
  return new ForbiddenAddressError(
    `Cannot download from ${url.hostname}: ${address} is not an address of the public internet`,
  );
}

/** How a body is read, directly or by a proxy. */
export interface BodyOptions {
  readonly host: string;
  readonly stallMs: number;
  readonly end: () => void;
  readonly signal: AbortSignal | undefined;
}
