/** Refusals of callers: who may ask here, with which key, and how often. */

import { RETRY_AFTER_S, SIGN_IN_LINK_MS } from "../../base/defaults.ts";
import { hostname } from "../hosts.ts";
import { shorten, type Verdict, type Verdicts } from "./verdict.ts";

export type DoorRefusal =
  | { readonly kind: "foreign-host"; readonly host: string | null }
  | { readonly kind: "cross-site" }
  | { readonly kind: "key"; readonly given: boolean }
  | { readonly kind: "admin-key"; readonly given: boolean }
  | { readonly kind: "manage"; readonly key: string | null }
  | { readonly kind: "sign-in-link" }
  | { readonly kind: "guesses" }
  | {
    readonly kind: "rate-limit";
    readonly of: "requests" | "tokens";
    readonly perMinute: number;
    readonly retryAfterS: number;
  };

export const DOOR_VERDICTS: Verdicts<DoorRefusal> = {
  "foreign-host": ({ host }) => ({
    status: 421,
    code: "misdirected_request",
    message: foreignHost(host),
  }),
  "cross-site": () => ({
    status: 403,
    code: "cross_site_request",
    message: "Pages of other sites may not make requests here",
  }),
  "key": ({ given }) =>
    wrongKey(
      given
        ? "The key in this request is not the one that this node expects"
        : "This node expects a key: send it as `Authorization: Bearer KEY`",
    ),
  "admin-key": ({ given }) =>
    wrongKey(
      given
        ? "The key in this request is not the admin key of this node"
        : "This console is for the user who runs mesh-llm: open the address that `mesh-llm status` " +
          "prints, or send the adminKey of node.json as `Authorization: Bearer KEY`",
    ),
  "manage": ({ key }) =>
    key === null ? wrongKey(`${MANAGERS}: send one of them as \`Authorization: Bearer KEY\``) : {
      status: 403,
      code: "not_allowed",
      message: `The key '${shorten(key)}' may not manage this node. ${MANAGERS}`,
    },
  "sign-in-link": () => ({
    status: 401,
    code: "invalid_sign_in",
    message: "This address has signed somebody in already, or is older than " +
      `${SIGN_IN_LINK_MS / 60_000} minutes: \`mesh-llm status\` prints another`,
  }),
  "guesses": () => ({
    status: 429,
    code: "too_many_attempts",
    message: `Too many wrong keys came from your address: try again in ${RETRY_AFTER_S} s`,
    headers: { "retry-after": String(RETRY_AFTER_S) },
  }),
  "rate-limit": ({ of, perMinute, retryAfterS }) => ({
    status: 429,
    type: of,
    code: "rate_limit_exceeded",
    message: `This key may use ${perMinute} ${of} a minute: try again in ${retryAfterS} s`,
  }),
};

const MANAGERS =
  'This takes a key with "manage": true in the key file, or the admin key of this node';

function wrongKey(message: string): Verdict {
  return {
    status: 401,
    code: "invalid_api_key",
    message,
    headers: { "www-authenticate": "Bearer" },
  };
}

function foreignHost(host: string | null): string {
  if (host === null) {
    return "The request names no Host, and this node answers to its own names only";
  }
  const name = hostname(host);
  const remedy = name === null
    ? ""
    : `: start it with --host-name ${shorten(name)}, or send a key of it`;
  return `This node does not answer to the Host '${shorten(host)}'${remedy}`;
}
