/** Lines that a user typed in earlier chats, for the up key: a file for its owner only, and not endless. */

import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { parseJson } from "../../base/json.ts";
import { readOwnText } from "../../base/own_files.ts";
import { CHAT_HISTORY_BYTES, CHAT_HISTORY_ENTRIES } from "../base/defaults.ts";

const schema = z.array(z.string());

/** The latest first, as the editor takes it. */
export async function readChatHistory(dataDir: string): Promise<string[]> {
  const text = await readOwnText(pathOf(dataDir), CHAT_HISTORY_BYTES);
  return schema.safeParse(parseJson(text)).data ?? [];
}

/** Read again before, since another chat may have written. Never fails: a chat goes on without it. */
export async function keepInHistory(dataDir: string, line: string): Promise<void> {
  const others = (await readChatHistory(dataDir)).filter((one) => one !== line);
  const lines = [line, ...others].slice(0, CHAT_HISTORY_ENTRIES);
  while (JSON.stringify(lines).length * 3 > CHAT_HISTORY_BYTES) lines.pop();
  await Deno.stat(dataDir).then(() => writeWhole(pathOf(dataDir), JSON.stringify(lines)))
    .catch(() => {});
}

function pathOf(dataDir: string): string {
  return join(dataDir, "chat-history.json");
}
