import assert from "node:assert/strict";
import { relaysText } from "../../../src/cli/base/relays_text.ts";
import { statusText } from "../../../src/cli/commands/run_relay.ts";
import type { RelayStatus } from "../../../src/node/mod.ts";

const rows = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

Deno.test("relays are a table of addresses as firewalls name them", () => {
  const relays = [
    {
      id: "12D3a",
      name: "vps\u001b[31m",
      addresses: ["/ip4/203.0.113.7/udp/47001/quic-v1/p2p/12D3a"],
      connected: true,
    },
    {
      id: "12D3b\u001b[31m",
      name: "",
      addresses: ["/ip6/2001:db8::7/udp/1/quic-v1"],
      connected: false,
    },
    { id: "12D3KooWRelayRelay", name: null, addresses: [], connected: false },
  ];
  assert.deepEqual(rows(relaysText(relays)), [
    ["RELAY", "ID", "ADDRESS", "STATE"],
    ["vps [31m", "12D3a", "203.0.113.7:47001", "connected"],
    ["12D3b [31m", "12D3b [31m", "[2001:db8::7]:1", "not reached"],
    ["…layRelay", "12D3KooWRelayRelay", "-", "not reached"],
    [""],
  ]);
  assert.match(relaysText([]), /has no relays/);
});

Deno.test("a relay shows its meshes, and what it carries and drops for each", () => {
  const status = {
    peer: "12D3a" as RelayStatus["peer"],
    port: 47001,
    addresses: ["/ip4/203.0.113.7/udp/47001/quic-v1/p2p/12D3a"],
    openClaims: 1,
    meshes: [{ mesh: "Qm1", peers: 3, pairs: 2, bytes: 5_000_000, dropped: 1 }],
  };
  assert.deepEqual(rows(statusText(status)), [
    ["Relay 12D3a"],
    ["At 203.0.113.7:47001"],
    ["1 claim not used yet"],
    ["MESH", "MACHINES HERE", "PAIRS", "CARRIED", "DROPPED"],
    ["Qm1", "3", "2", "5.0 MB", "1 datagram"],
    [""],
  ]);
  assert.match(statusText({ ...status, openClaims: 2, meshes: [] }), /2 claims not.*\nNo mesh/);
});
