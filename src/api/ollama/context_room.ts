import { ROOM_PARAM } from "../../base/wanted_context.ts";
import type { GatewayNode, NamedModel } from "../base/types.ts";
import { RefusedError } from "../http/openai_errors.ts";
import { mayUse } from "../keys/keyed_node.ts";
import type { ApiKey } from "../keys/keys.ts";

type Known = Pick<GatewayNode, "meaning" | "warm">;

/** The room that a caller counts on. */
export interface WantedRoom {
  /** As the gateway knows the model. */
  readonly model: string;
  /** `options.num_ctx` */
  readonly tokens?: number | undefined;
  readonly key: ApiKey | undefined;
}

/** The model that a caller means, if it is one that the caller may know of. */
export function modelMeant(
  node: Known,
  { model, key }: Pick<WantedRoom, "model" | "key">,
): NamedModel | null {
  const meaning = node.meaning(model);
  if (meaning.kind !== "one") return null;
  return key === undefined || mayUse(key, meaning.model) ? meaning.model : null;
}

/** Why a request can't have it; `null` where it can, and while nobody serves the model, so that nobody knows. */
export function missingRoom(node: Known, { tokens = 0, ...asked }: WantedRoom): string | null {
  const meant = modelMeant(node, asked);
  if (meant === null) return null;
  const warm = node.warm().filter((one) => one.id === meant.id);
  const most = Math.max(...warm.map(({ contextLength }) => contextLength));
  if (warm.length === 0 || tokens <= most) return null;
  return `The field 'options.num_ctx' asks for ${tokens} tokens, and a request to ${meant.id} may ` +
    `have ${most}: ask for as many, or give the model ctx=${tokens} in its settings`;
}

/** @throws {RefusedError} */
export function requireRoom(...asked: Parameters<typeof missingRoom>): void {
  const reason = missingRoom(...asked);
  if (reason === null) return;
  throw new RefusedError({ kind: "bad-body", reason, param: ROOM_PARAM });
}
