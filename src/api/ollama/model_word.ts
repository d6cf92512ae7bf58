import type { GatewayNode } from "../base/types.ts";

/** The tag of a model whose name has none. */
const LATEST = ":latest";

/** The word by which the gateway knows a model: Ollama's clients put a tag behind a name that has none. */
export function modelWord(asked: string, node: Pick<GatewayNode, "meaning">): string {
  const isTagged = asked.endsWith(LATEST) && asked.length > LATEST.length;
  return isTagged && node.meaning(asked).kind === "none" ? asked.slice(0, -LATEST.length) : asked;
}

/** The name by which Ollama's clients know a model: they expect a tag behind each. */
export function taggedName(id: string): string {
  return id.includes(":") ? id : `${id}${LATEST}`;
}
