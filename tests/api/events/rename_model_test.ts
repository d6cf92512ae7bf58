import fc from "fast-check";
import assert from "node:assert/strict";
import { ModelRenaming, renameModel } from "../../../src/api/events/rename_model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An answer of llama-server's, with text that looks like the field. */
const ANSWER = [
  `data: {"choices":[{"delta":{"content":${JSON.stringify('"model":"guide" "model":"gu')}}}],` +
  `"created":1,"model":"guide","object":"chat.completion.chunk"}\n\n`,
  'event: message_start\ndata: {"message":{"model":"guide","usage":{}}}\n\n',
  'data: {"model":"guide-2","other":"guide"}\n\n',
  "data: [DONE]\n\n",
].join("");

const RENAMED = ANSWER.replaceAll(/(?<!\\)"model":"guide"/g, '"model":"GUI"');

function rename(chunks: readonly string[]): { readonly pushed: string; readonly rest: string } {
  const renaming = new ModelRenaming("guide", "GUI");
  const pushed = chunks.map((chunk) => decoder.decode(renaming.push(encoder.encode(chunk))));
  return { pushed: pushed.join(""), rest: decoder.decode(renaming.end()) };
}

Deno.test("ModelRenaming renames the model and nothing else, wherever the answer is cut", () => {
  assert.equal(RENAMED.split("GUI").length, 3, "two fields are renamed");
  fc.assert(fc.property(fc.array(fc.nat(ANSWER.length)), (cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), ANSWER.length];
    const { pushed, rest } = rename(edges.slice(1).map((end, at) => ANSWER.slice(edges[at], end)));
    assert.equal(pushed + rest, RENAMED);
  }));
});

Deno.test("ModelRenaming holds no whole event back", () => {
  for (const event of ANSWER.split(/(?<=\n\n)/)) {
    assert.equal(rename([event]).rest, "", event);
  }
});

Deno.test("ModelRenaming gives back what it held where the answer ends inside the field", () => {
  const { pushed, rest } = rename(['{"model":"gui']);
  assert.equal(pushed + rest, '{"model":"gui');
});

Deno.test("renameModel() leaves an answer alone that has the right name or is no JSON", async () => {
  const answer = (type: string) =>
    new Response('{"model":"guide"}', {
      headers: { "content-type": type, "content-length": "17" },
    });
  const table: [string, string | null, string][] = [
    ["application/json; charset=utf-8", "GUI", '{"model":"GUI"}'],
    ["text/event-stream", "GUI", '{"model":"GUI"}'],
    ["application/json", "guide", '{"model":"guide"}'],
    ["application/json", null, '{"model":"guide"}'],
    ["audio/wav", "GUI", '{"model":"guide"}'],
  ];
  for (const [type, asked, expected] of table) {
    const response = renameModel(answer(type), "guide", asked);
    const length = response.headers.get("content-length");
    assert.equal(length, expected.includes("GUI") ? null : "17", "a length stays true");
    assert.equal(await response.text(), expected);
  }
});

Deno.test("renameModel() reads no faster than it is read, and passes a hang-up on", async () => {
  let made = 0;
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      made++;
      controller.enqueue(encoder.encode("data: {}\n\n"));
    },
    cancel: cancelled.resolve,
  }, { highWaterMark: 0 });
  const headers = { "content-type": "text/event-stream" };
  const reader = renameModel(new Response(body, { headers }), "guide", "GUI").body!.getReader();
  await reader.read();
  assert.equal(made, 1);
  await reader.cancel("gone");
  assert.equal(await cancelled.promise, "gone");
});
