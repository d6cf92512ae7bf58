import { Hono } from "hono";
import * as z from "zod";
import type { ApiEnv } from "../keys/api_env.ts";
import { apiKeyWord } from "../keys/key_file.ts";
import type { KeyBook } from "../keys/key_book.ts";
import { RefusedError } from "../http/openai_errors.ts";
import type { OwnAddress } from "../http/own_addresses.ts";
import type { ManagementNode } from "../base/types.ts";
import { limitsOf } from "./agent_limits.ts";
import { shellLines, testLine } from "./agent_lines.ts";
import { agentSettings } from "./agents.ts";
import { jsonBody } from "./bodies.ts";

/** The placeholder for a key in the settings of tools: the node tells none that a caller does not name. */
const KEY_TO_FILL_IN = "your-api-key";
const NO_KEY = "none";

const askedSchema = z.strictObject({
  model: z.string().min(1).exactOptional(),
  /** One of the addresses that an earlier answer lists, or its host alone. */
  address: z.string().exactOptional(),
  /** Filled into the settings; it is not looked up. */
  apiKey: apiKeyWord.exactOptional(),
});

export interface AgentRoutesOptions {
  /** Of the API, that of this machine itself first. */
  readonly addresses: () => readonly OwnAddress[];
  readonly keys: KeyBook;
}

/** `/api/agents`: the settings of the usual tools. A key travels in a body, since addresses are logged. */
export function agentRoutes(
  node: Pick<ManagementNode, "status" | "meaning">,
  options: AgentRoutesOptions,
) {
  return new Hono<ApiEnv>()
    .get("/", (c) => {
      const model = c.req.query("model");
      return c.json(answer(node, options, model === undefined ? {} : { model }));
    })
    .post("/", jsonBody(askedSchema), (c) => c.json(answer(node, options, c.req.valid("json"))));
}

function answer(
  node: Pick<ManagementNode, "status" | "meaning">,
  { addresses, keys }: AgentRoutesOptions,
  asked: z.output<typeof askedSchema>,
) {
  const status = node.status();
  const model = asked.model ?? status.node.model ?? "guide";
  const keyed = !keys.ring.isEmpty;
  const apiKey = asked.apiKey ?? (keyed ? KEY_TO_FILL_IN : NO_KEY);
  const meaning = node.meaning(model);
  const id = meaning.kind === "one" ? meaning.model.id : model;
  const known = status.models.find((model) => model.id === id);
  const limits = known === undefined ? null : limitsOf(known);
  const listed = addresses();
  const apiUrl = chosen(asked.address, listed);
  const target = { apiUrl, apiKey, model, limits };
  return {
    apiUrl,
    addresses: listed,
    model,
    keyed,
    state: known?.state ?? null,
    limits,
    test: testLine(target),
    agents: agentSettings(target).map((agent) => ({ ...agent, shell: shellLines(agent) })),
  };
}

function chosen(asked: string | undefined, listed: readonly OwnAddress[]): string {
  const address = asked === undefined
    ? listed[0]
    : listed.find(({ url }) => url === asked || new URL(url).hostname === asked);
  if (address !== undefined) return address.url;
  const isReached = listed.some(({ on }) => on !== null);
  const remedy = isReached ? "" : ". With --listen 0.0.0.0 and a key it has those of its networks";
  const reason = `The API does not listen at ${JSON.stringify(asked)}: it does at ` +
    listed.map(({ url }) => url).join(", ") + remedy;
  throw new RefusedError({ kind: "bad-body", reason, param: "address" });
}
