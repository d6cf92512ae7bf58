import assert from "node:assert/strict";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { Buffers } from "../../../src/tunnel/weights/buffers.ts";

function numbers(size: 8 | 12 | 16, ...values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const at = size === 12 ? [0, 4] : [0, 8];
  values.forEach((value, index) => {
    if (size === 12 && index === 0) view.setUint32(0, Number(value), true);
    else view.setBigUint64(at[index]!, value, true);
  });
  return bytes;
}

function setUp() {
  const told: (readonly number[])[] = [];
  const buffers = new Buffers((bytes) => told.push(bytes));
  const ask = (command: number, payload: Uint8Array, rest = 0) =>
    buffers.asked({
      kind: "head",
      command,
      size: payload.length + rest,
      bytes: payload,
      payload,
      rest,
    });
  const allocate = (device: number, address: bigint, bytes: bigint) =>
    ask(RpcCommand.ALLOC_BUFFER, numbers(12, BigInt(device), bytes))?.(
      numbers(16, address, bytes),
    );
  const free = (address: bigint) => ask(RpcCommand.FREE_BUFFER, numbers(8, address));
  return { told, ask, allocate, free };
}

Deno.test("Buffers adds up what each device holds, and takes away what is given back", () => {
  const { told, allocate, free } = setUp();
  allocate(0, 10n, 100n);
  allocate(2, 20n, 5n);
  allocate(0, 30n, 50n);
  free(10n);
  assert.deepEqual(told, [[100], [100, 0, 5], [150, 0, 5], [50, 0, 5]]);
});

Deno.test("Buffers counts nothing that was refused, nor what no rpc-server would answer", () => {
  const { told, ask, allocate } = setUp();
  allocate(0, 0n, 100n);
  allocate(4_000_000_000, 10n, 100n);
  assert.equal(ask(RpcCommand.ALLOC_BUFFER, new Uint8Array(8)), undefined);
  assert.equal(ask(RpcCommand.ALLOC_BUFFER, new Uint8Array(12), 4), undefined);
  assert.equal(ask(RpcCommand.GET_ALIGNMENT, new Uint8Array(12)), undefined);
  ask(RpcCommand.ALLOC_BUFFER, new Uint8Array(12))?.(new Uint8Array(3));
  assert.deepEqual(told, []);
});
