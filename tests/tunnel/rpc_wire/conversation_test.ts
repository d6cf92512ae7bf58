import assert from "node:assert/strict";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { Conversation } from "../../../src/tunnel/rpc_wire/conversation.ts";
import { layoutOf } from "../../../src/tunnel/rpc_wire/layouts.ts";

const LAYOUT = layoutOf({ major: 8, minor: 0, patch: 0 })!;

Deno.test("a conversation is idle when every request that has a reply was answered", () => {
  const replies: number[] = [];
  const talk = new Conversation(LAYOUT);
  assert.ok(talk.idle);
  talk.asked({ command: RpcCommand.GRAPH_COMPUTE });
  assert.ok(talk.idle, "a command without a reply is not waited for");
  talk.asked({ command: RpcCommand.GET_MAX_SIZE, onReply: ([byte]) => replies.push(byte!) });
  talk.asked({ command: RpcCommand.GET_ALIGNMENT, onReply: ([byte]) => replies.push(byte!) });
  assert.equal(talk.next?.command, RpcCommand.GET_MAX_SIZE);
  talk.answered(Uint8Array.of(1));
  assert.ok(!talk.idle);
  talk.answered(Uint8Array.of(2));
  assert.ok(talk.idle);
  assert.deepEqual(replies, [1, 2]);
});

Deno.test("after an unknown command or a reply to nothing no answer is given here any more", () => {
  const unknown = new Conversation(LAYOUT);
  unknown.asked({ command: 77 });
  assert.ok(!unknown.idle);
  const surprised = new Conversation(LAYOUT);
  surprised.answered(new Uint8Array(1));
  assert.ok(!surprised.idle);
});
