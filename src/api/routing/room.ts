import { MOST_BYTES_A_TOKEN } from "../base/defaults.ts";
import type { GatewayInstance } from "../base/types.ts";

/** A prompt that an instance had no room for. */
export interface Excess {
  readonly promptTokens: number;
  /** Of the largest instance that refused it. */
  readonly contextLength: number;
}

/** An instance can't be given the context that a request counts on. */
export interface Lack {
  readonly reason: string;
  readonly contextLength: number;
}

/** The same prompt is refused by an instance that has no more room than one which refused it. Pure. */
export function hasRoomFor(
  { contextLength }: Pick<GatewayInstance, "contextLength">,
  excess: Excess | undefined,
): boolean {
  return excess === undefined ||
    contextLength > Math.max(excess.contextLength, excess.promptTokens);
}

/** Both refusals of one prompt. Pure. */
export function largerExcess(a: Excess | undefined, b: Excess): Excess {
  return a !== undefined && a.contextLength > b.contextLength ? a : b;
}

/**
 * The first instance in this order that may have room for a request of so many bytes, else the first: only an instance
 * itself refuses a prompt. Pure.
 */
export function firstWithRoom(
  inOrder: readonly GatewayInstance[],
  bodyBytes: number,
): GatewayInstance | undefined {
  const leastTokens = bodyBytes / MOST_BYTES_A_TOKEN;
  return inOrder.find(({ contextLength }) => contextLength > leastTokens) ?? inOrder[0];
}
