import assert from "node:assert/strict";
import { statusText } from "../../../src/cli/commands/run_status.ts";
import { status } from "../status_of_two.ts";

Deno.test("statusText() shows the nodes with this one first, and who serves what and why", () => {
  assert.equal(
    statusText(status),
    `Mesh …23456789: 2 machines with 12.0 GB of memory

NODE         ROLE    MODELS  MEMORY  REACHED  ROUND TRIP
anna (this)  host    big     8.0 GB
bo b         worker  big     4.0 GB  LAN      0.5 ms

NODE  RUNS  AS               STATE  PINNED  HOLDS
anna  big   host             ready  yes     7.0 GB of CPU
bo b  big   worker for anna  ready  yes     3.0 GB of CPU

MODEL  STATE                                 SIZE     SERVED BY    WHY
big    ready                                 10.0 GB  anna + bo b  its user wants it
huge   waiting (needs 99.0 GB, has 12.0 GB)  90.0 GB               -
left   not served                            3.0 GB                -

left is not served. bo b: dropped by its user
`,
  );
});

Deno.test("statusText() shows all that a node runs, what that takes of each device, and every instance", () => {
  const { node, peers: [peer], models: [big] } = status;
  assert.ok(peer !== undefined && big !== undefined);
  const [split] = big.instances;
  assert.ok(split !== undefined);
  const own = { host: node.id, role: "host", mode: "solo", state: "warm", pinned: false } as const;
  const text = statusText({
    ...status,
    node: {
      ...node,
      serving: [
        ...node.serving,
        { ...own, model: "embed", reservedBytes: { CUDA0: 2e9, CPU: 1e9 } },
        { ...own, model: "huge", state: "waiting", reservedBytes: {} },
      ],
    },
    peers: [{ ...peer, models: ["big", "later"] }],
    models: [{
      ...big,
      instances: [split, { ...split, workers: [], state: "loading", host: peer.id, why: null }],
    }],
  });
  const expected = [
    "anna (this)  host    big, embed, huge  8.0 GB",
    "bo b         worker  big, later        4.0 GB  LAN      0.5 ms",
    "anna  embed  host             ready    -       2.0 GB of CUDA0, 1.0 GB of CPU",
    "anna  huge   host             waiting  -       -",
    "big    ready    10.0 GB  anna + bo b  its user wants it",
    "       loading           bo b         -",
  ];
  for (const line of expected) assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
});

Deno.test("statusText() says what is left out of a model, and why", () => {
  const [big, ...others] = status.models;
  assert.ok(big !== undefined);
  const notes = ["vocab.gguf does not draft for big: it holds no weights"];
  const instances = big.instances.map((one) => ({ ...one, notes }));
  const text = statusText({ ...status, models: [{ ...big, instances }, ...others] });
  assert.equal(text.split("\n").at(-2), `Note: ${notes[0]}`);
});

Deno.test("statusText() says what has happened to the machine's own processes", () => {
  const notes = ["rpc-server was frozen at 2026-11-29T19:20:01Z"];
  const text = statusText({ ...status, node: { ...status.node, notes } });
  assert.equal(text.split("\n").at(-2), `Note: ${notes[0]}`);
});

Deno.test("statusText() counts a free node of a large mesh among no machines, and says what it is", () => {
  const node = { ...status.node, role: "standby", passive: true, model: null } as const;
  const text = statusText({ ...status, node });
  assert.match(text, /: 1 machine with/);
  assert.match(text, /^anna \(this\) +free, passive /m);
});

Deno.test("statusText() shows each device of every node with what is offered and used", () => {
  const card = { name: "CUDA0", kind: "discrete", totalBytes: 24e9, offeredBytes: 20e9 } as const;
  const [peer] = status.peers;
  assert.ok(peer !== undefined);
  const text = statusText({
    ...status,
    node: { ...status.node, devices: [{ ...card, usedBytes: 5e9 }] },
    peers: [{ ...peer, devices: [{ ...card, name: "CPU", kind: "cpu", usedBytes: 0 }] }],
  });
  assert.ok(
    text.includes(`
DEVICE  NODE  KIND         TOTAL    OFFERED  USED
CUDA0   anna  GPU          24.0 GB  20.0 GB  5.0 GB
CPU     bo b  main memory  24.0 GB  20.0 GB  -
`),
    text,
  );
});

Deno.test("statusText() lists the machines of this network, those of other meshes too", () => {
  const [peer] = status.peers;
  assert.ok(peer !== undefined);
  const text = statusText({
    ...status,
    lan: {
      state: "announced",
      problem: "Machines of the network of 10.0.0.1 can't be found: permission denied",
      mesh: { name: "anna", shortId: "0a1b2c3d" },
      meshes: [{ name: "li\x1b[31m", shortId: "ffffffff", machines: 1, addresses: ["10.0.0.9:1"] }],
      peers: [{ id: peer.id, addresses: [`/ip4/10.0.0.2/udp/47001/quic-v1/p2p/${peer.id}`] }],
    },
  });
  const expected = [
    "ON THIS NETWORK  IS                      ADDRESS",
    "bo b             machine of this mesh    10.0.0.2",
    "li [31m's mesh   another mesh, ffffffff  10.0.0.9:1",
    "Machines of the network of 10.0.0.1 can't be found: permission denied",
  ];
  for (const line of expected) assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
});

Deno.test("statusText() says how each peer is reached, by whom, and what would make it better", () => {
  const [peer] = status.peers;
  assert.ok(peer !== undefined);
  const relay = { id: "12D3KooWRelayRelay", name: "vp\x1bs", addresses: [], connected: true };
  const relayed = (by: string) => ({ kind: "relayed", by, advice: "Forward a port" }) as const;
  const named = (name: string, reached: typeof peer.reached, rttMs: number | null = 24) => ({
    ...peer,
    id: `12D3KooW${name}`,
    name,
    ...(reached === undefined ? {} : { reached }),
    rttMs,
  });
  const { reached: _, ...unknown } = named("old", undefined, null);
  const text = statusText({
    ...status,
    peers: [
      named("far", relayed(relay.id)),
      named("near", { kind: "mapped" }),
      named("home", relayed("12D3KooWnear")),
      named("gone", relayed("12D3KooWLeftLeftLeft")),
      unknown,
    ],
    relays: [relay],
  });
  const expected = [
    "far          worker  big     4.0 GB  relayed by vp s       24 ms",
    "near         worker  big     4.0 GB  mapped                24 ms",
    "home         worker  big     4.0 GB  relayed by near       24 ms",
    "gone         worker  big     4.0 GB  relayed by …LeftLeft  24 ms",
    "old          worker  big     4.0 GB",
    "far, home, gone: Forward a port",
    "vp s   12D3KooWRelayRelay  -        connected",
  ];
  for (const line of expected) assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
});
