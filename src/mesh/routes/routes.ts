import { z } from "zod";
import type { ByteStream } from "../base/byte_stream.ts";
import { MAX_ROUTES_MESSAGE_BYTES } from "../base/message_defaults.ts";
import { MessageStream } from "../base/messages.ts";
import { modelName } from "../base/names.ts";
import type { RoutingTable } from "../base/table.ts";
import { tableSchema, tableToWire, tableVersion } from "./table_wire.ts";

export const ROUTES_PROTOCOL = "/mesh-llm/routes/1";

const requestSchema = z.object({
  version: tableVersion.nullable(),
  wanting: modelName.optional(),
});

const replySchema = z.union([z.object({ unchanged: z.literal(true) }), tableSchema]);

export interface RoutesSource {
  table(): Promise<RoutingTable>;
  /** The asker wants a model that nobody serves. */
  asked(model: string): void;
}

/** Answers one question: with the table, or with a word where the asker has it already. */
export async function answerRoutes(stream: ByteStream, source: RoutesSource): Promise<void> {
  const messages = new MessageStream(stream, MAX_ROUTES_MESSAGE_BYTES);
  const { version, wanting } = await messages.expect(requestSchema, "question for routes");
  if (wanting !== undefined) source.asked(wanting);
  const current = await source.table();
  await messages.write(version === current.version ? { unchanged: true } : tableToWire(current));
  await stream.closeWrite();
}

/** Asks for the table; answers with the one that is known where that is still true. */
export async function askRoutes(
  stream: ByteStream,
  known: RoutingTable,
  wanting?: string,
): Promise<RoutingTable> {
  const messages = new MessageStream(stream, MAX_ROUTES_MESSAGE_BYTES);
  // A text that is no name of a model is served nowhere, and would only be refused.
  const name = modelName.safeParse(wanting).data;
  await messages.write({
    version: known.version,
    ...(name === undefined ? {} : { wanting: name }),
  });
  await stream.closeWrite();
  const reply = await messages.expect(replySchema, "routing table");
  return "unchanged" in reply ? known : reply;
}
