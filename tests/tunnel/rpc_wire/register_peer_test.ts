import assert from "node:assert/strict";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { rewriteRegisterPeer } from "../../../src/tunnel/rpc_wire/register_peer.ts";
import { WireDecoder } from "../../../src/tunnel/rpc_wire/wire_decoder.ts";
import { recording } from "../../support/rpc/recordings.ts";

function recorded(): Uint8Array {
  const decoder = new WireDecoder("requests", () => 4096);
  const events = [...decoder.push(recording("fork-3.7.0-register-peer").request)];
  const found = events.find((event) =>
    event.kind === "head" && event.command === RpcCommand.REGISTER_PEER
  );
  assert.ok(found?.kind === "head");
  return found.payload;
}

function endpoint(payload: Uint8Array): string {
  return new TextDecoder().decode(payload.subarray(4)).replaceAll("\0", "");
}

Deno.test("the recorded peer's port becomes the worker's own", () => {
  const payload = recorded();
  assert.equal(endpoint(payload), "127.0.0.1:50812");
  const rewritten = rewriteRegisterPeer(payload, (port) => port === 50812 ? 6001 : undefined);
  assert.equal(rewritten.length, payload.length);
  assert.deepEqual(rewritten.subarray(0, 4), payload.subarray(0, 4));
  assert.equal(endpoint(rewritten), "127.0.0.1:6001");
  assert.equal(endpoint(payload), "127.0.0.1:50812", "what came in is not written into");
});

Deno.test("an endpoint that is in no map or is no tunnel's passes unchanged", () => {
  const payload = recorded();
  assert.equal(rewriteRegisterPeer(payload, () => undefined), payload);
  const elsewhere = payload.slice();
  elsewhere.set(new TextEncoder().encode("10.0.0.9:50812\0"), 4);
  assert.equal(rewriteRegisterPeer(elsewhere, () => 6001), elsewhere);
  const short = payload.subarray(0, 50);
  assert.equal(rewriteRegisterPeer(short, () => 6001), short);
});
