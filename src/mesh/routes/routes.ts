import { z } from "zod";
import type { ByteStream } from "../base/byte_stream.ts";
import { NEXT_TABLE_WAIT_MS } from "../base/defaults.ts";
import { MAX_ANNOUNCED_MODELS, MAX_ROUTES_MESSAGE_BYTES } from "../base/message_defaults.ts";
import { MessageStream } from "../base/messages.ts";
import { modelName } from "../base/names.ts";
import type { RoutingTable } from "../base/table.ts";
import { modelNames } from "../gossip/announcement_wire.ts";
import { nameIn } from "../../base/model_ids.ts";
import type { RefreshOptions } from "../base/mesh.ts";
import { tableSchema, tableToWire, tableVersion } from "./table_wire.ts";

export const ROUTES_PROTOCOL = "/mesh-llm/routes/1";

const requestSchema = z.object({
  version: tableVersion.nullable(),
  wanting: modelName.optional(),
  granted: modelNames.optional(),
  forMs: z.int().positive().optional(),
  /** The answer may wait so long for a table that the asker does not have. */
  waitMs: z.int().positive().optional(),
});

/** A model that is wanted, the names that the caller's key has for it, and for how long. */
export type Wanting = Pick<RefreshOptions, "wanting" | "granted" | "forMs">;

export type Question = Wanting & Pick<RefreshOptions, "waitMs">;

const replySchema = z.union([z.object({ unchanged: z.literal(true) }), tableSchema]);

export interface RoutesSource {
  table(): Promise<RoutingTable>;
  /** The table once it is another than this one, or this one after a while. */
  next(known: RoutingTable, waitMs: number): Promise<RoutingTable>;
  /** The asker wants a model that nobody serves. */
  asked(model: string, options: Omit<Wanting, "wanting">): void;
}

/** Answers one question: with the table, or with a word where the asker has it already. */
export async function answerRoutes(stream: ByteStream, source: RoutesSource): Promise<void> {
  const messages = new MessageStream(stream, MAX_ROUTES_MESSAGE_BYTES);
  const { version, wanting, waitMs, ...options } = await messages.expect(
    requestSchema,
    "question for routes",
  );
  if (wanting !== undefined) source.asked(wanting, options);
  let current = await source.table();
  if (waitMs !== undefined && version === current.version) {
    current = await source.next(current, Math.min(waitMs, NEXT_TABLE_WAIT_MS));
  }
  await messages.write(version === current.version ? { unchanged: true } : tableToWire(current));
  await stream.closeWrite();
}

/** Asks for the table; answers with the one that is known where that is still true. */
export async function askRoutes(
  stream: ByteStream,
  known: RoutingTable,
  { wanting, granted, forMs, waitMs }: Question = {},
): Promise<RoutingTable> {
  const messages = new MessageStream(stream, MAX_ROUTES_MESSAGE_BYTES);
  // A text that is no name of a model is served nowhere, and would only be refused.
  const name = modelName.safeParse(wanting).data;
  await messages.write({
    version: known.version,
    ...(name === undefined ? {} : { wanting: name }),
    ...(name === undefined || granted === undefined ? {} : { granted: about(name, granted) }),
    ...(name === undefined || forMs === undefined ? {} : { forMs }),
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  await stream.closeWrite();
  const reply = await messages.expect(replySchema, "routing table");
  return "unchanged" in reply ? known : reply;
}

/** Other names in a key say nothing about this model, and are nobody else's business. */
function about(model: string, granted: readonly string[]): readonly string[] {
  const plain = (name: string) => nameIn(name).toLowerCase();
  return granted.filter((name) => plain(name) === plain(model)).slice(0, MAX_ANNOUNCED_MODELS);
}
