import assert from "node:assert/strict";
import { machineNames, machines, models, nodeCount } from "../../console/src/lib/mesh_view.ts";
import { briefly, doing } from "../../console/src/lib/words.ts";
import { displayName } from "../../console/src/lib/format.ts";
import {
  busy,
  GB,
  instance,
  LONG,
  MINI,
  model,
  peer,
  SELF,
  status,
  TOWER,
} from "../support/console_status.ts";

const SPLIT = instance({
  host: MINI,
  mode: "split",
  hostShare: 0.5,
  workers: [{ id: SELF, share: 0.3 }, { id: "12D3KooWGone000000Vanish", share: 0.2 }],
});

const plain = (text: string) => text.replaceAll("\u00a0", " ");

const DEVICE = {
  name: "CUDA0",
  kind: "discrete" as const,
  totalBytes: GB,
  offeredBytes: GB,
  usedBytes: 0,
};

Deno.test("machines() lists this machine first, then hosts, workers and standbys by name", () => {
  const listed = machines(status({
    node: { role: "standby" },
    peers: [
      peer({ id: "s", name: "a", role: "standby" }),
      peer({ id: "w2", name: "z", role: "worker" }),
      peer({ id: "w1", name: "b", role: "worker" }),
      peer({ id: "h", name: "y", role: "host" }),
    ],
  }));
  assert.deepEqual(listed.map(({ id }) => id), [SELF, "h", "w1", "w2", "s"]);
  assert.deepEqual(listed.map(({ isSelf }) => isSelf), [true, false, false, false, false]);
});

Deno.test("machines() finds the part of each in a split, by its id", () => {
  const [self, mini, tower] = machines(status({
    peers: [peer({ role: "host" }), peer({ id: TOWER, name: "tower" })],
    models: [model({ name: "big", instances: [SPLIT] })],
  }));
  const host = { hostId: MINI, hostName: "mini", pinned: false };
  const common = { model: "big", mode: "split", state: "warm", ...host };
  assert.deepEqual(self?.parts, [{ ...common, as: "worker", percent: 30, bytes: 2 * GB }]);
  assert.deepEqual(mini?.parts, [{ ...common, as: "host", percent: 50, bytes: 0 }]);
  assert.deepEqual(tower?.parts, []);
});

Deno.test("machines() and their words tell of each instance that a machine has a part in", () => {
  const small = model({ name: "small", instances: [instance({ host: MINI })] });
  const [self, mini] = machines(status({
    peers: [peer({ role: "host" })],
    models: [model({ name: "big", instances: [SPLIT] }), small],
  }));
  assert.deepEqual(mini?.parts.map(({ model, as }) => [model, as]), [
    ["big", "host"],
    ["small", "host"],
  ]);
  assert.equal(plain(doing(mini!)), "Runs 50 % of big. Runs small by itself");
  assert.deepEqual(briefly(mini!), ["host, big", "runs small"]);
  assert.equal(plain(doing(self!)), "Runs 30 % of big for mini");
});

Deno.test("machines() tell what each model takes of each device, and no other's", () => {
  const [studio, tower, mini] = machines(busy());
  const takes = (machine = studio) =>
    machine?.devices.map(({ name, takes }) => [
      name,
      takes.map(({ index, model, bytes }) => `${index} ${model} ${bytes / GB}`),
    ]);
  assert.deepEqual(takes(), [
    ["CUDA0", ["0 chat 9", `1 ${displayName(LONG)} 3`, "2 rerank 1"]],
    ["CPU", [`1 ${displayName(LONG)} 4`]],
  ]);
  assert.deepEqual(studio?.parts.map(({ bytes, pinned }) => [bytes / GB, pinned]), [
    [9, true],
    [3, true],
    [1, false],
  ]);
  assert.deepEqual(takes(mini), [["CPU", ["0 wide 4", `1 ${displayName(LONG)} 3`]]]);
  assert.deepEqual(mini?.parts.map(({ as, hostName }) => `${as} ${hostName}`), [
    "worker tower",
    "worker studio",
  ]);
  assert.deepEqual(tower?.parts.map(({ model, as }) => `${as} ${model}`), [
    "host wide",
    "host rerank",
  ]);
});

Deno.test("machines() are as lively as the liveliest of what they run", () => {
  const states = ["failed", "waiting", "warm", "loading"] as const;
  const shown = states.map((_, index) => {
    const models = states.slice(0, index + 1)
      .map((state) => model({ name: state, instances: [instance({ state })] }));
    return machines(status({ models }))[0]?.state;
  });
  assert.deepEqual(shown, states);
  assert.equal(machines(status({ models: [] }))[0]?.state, null);
});

Deno.test("machines() counts main memory only where there is no GPU, and shows it in any case", () => {
  const cpu = { ...DEVICE, name: "CPU", kind: "cpu" as const, totalBytes: 64 * GB };
  const [both, alone] = machines(status({
    node: { devices: [DEVICE, cpu] },
    peers: [peer({ devices: [cpu] })],
  }));
  assert.equal(both?.memory.totalBytes, GB);
  assert.deepEqual(both?.devices.map(({ kind }) => kind), ["discrete", "cpu"]);
  assert.equal(alone?.memory.totalBytes, 64 * GB);
});

Deno.test("machines() adds up the memory of all devices, and does without any", () => {
  const devices = [
    {
      name: "CUDA0",
      kind: "discrete" as const,
      totalBytes: 24 * GB,
      offeredBytes: 22 * GB,
      usedBytes: 10 * GB,
    },
    {
      name: "CUDA1",
      kind: "discrete" as const,
      totalBytes: 24 * GB,
      offeredBytes: 22 * GB,
      usedBytes: 0,
    },
  ];
  const [two, none] = machines(status({
    node: { devices },
    peers: [peer({ devices: [], vramBytes: 8 * GB })],
  }));
  assert.deepEqual(two?.memory, { usedBytes: 10 * GB, offeredBytes: 44 * GB, totalBytes: 48 * GB });
  assert.deepEqual(two?.devices.map(({ name }) => name), ["CUDA0", "CUDA1"]);
  assert.deepEqual(none?.memory, { usedBytes: 0, offeredBytes: 8 * GB, totalBytes: 8 * GB });
});

Deno.test("machines() say on which system each runs, where it says so", () => {
  const listed = machines(status({
    node: { system: "darwin arm64" },
    peers: [peer(), peer({ id: TOWER, name: "tower", system: "linux\x07x64" })],
  }));
  assert.deepEqual(listed.map(({ system }) => system), ["darwin arm64", null, "linux x64"]);
});

Deno.test("machines() say where no request loads a model", () => {
  const listed = machines(status({ node: { loadsOnRequest: false }, peers: [peer()] }));
  assert.deepEqual(listed.map(({ loadsOnRequest }) => loadsOnRequest), [false, true]);
});

Deno.test("machines() tell what has happened to the processes of this one", () => {
  const notes = ["rpc-server was frozen at 2026-11-29T19:20:01Z"];
  const [self, other] = machines(status({ node: { notes }, peers: [peer()] }));
  assert.deepEqual(self?.notes, notes);
  assert.deepEqual(other?.notes, []);
});

Deno.test("machines() say why weights for one of them cross the network", () => {
  const tunnel = {
    peer: MINI,
    streams: 1,
    bytesSent: 1,
    bytesReceived: 2,
    weightBytesSaved: 0,
    rttMs: null,
  };
  const rpc = {
    plain: "RPC protocol 9.0.0 is not known here",
    frames: {},
    tensorBytesMoved: 0,
    refused: 0,
    roundTrips: 0,
    graphs: 0,
    roundTripsPerToken: null,
    answeredHere: 0,
    stalls: 0,
    stalledMs: 0,
  };
  const given = status({ peers: [peer(), peer({ id: TOWER, name: "tower" })] });
  given.tunnels = [{ ...tunnel, kind: "http" }, { ...tunnel, kind: "rpc", rpc }];
  const [self, mini, tower] = machines(given);
  assert.deepEqual([self?.plain, mini?.plain, tower?.plain], [null, rpc.plain, null]);
  given.tunnels = [{ ...tunnel, kind: "rpc", rpc: { ...rpc, plain: null } }];
  assert.equal(machines(given)[1]?.plain, null);
});

Deno.test("machineNames() tells machines of one name apart, and names the nameless by their id", () => {
  const names = machineNames(status({
    node: { name: "mac" },
    peers: [peer({ name: "mac" }), peer({ id: TOWER, name: "\u202e" })],
  }));
  assert.equal(names.get(SELF), "mac …AAAAAA");
  assert.equal(names.get(MINI), "mac …BBBBBB");
  assert.equal(names.get(TOWER), "…CCCCCC");
});

Deno.test("a view of the mesh shows nothing of others that steers a line", () => {
  const evil = "x\x1b[2J\nWarning\u202e\u200b\u2028";
  const given = status({
    node: { name: evil, notes: [evil], devices: [{ ...DEVICE, name: evil }] },
    peers: [peer({ name: evil, devices: [{ ...DEVICE, name: evil }] })],
    models: [model({
      name: "m",
      reason: evil,
      instances: [instance({ host: MINI, notes: [evil], why: evil })],
    })],
  });
  const shown = JSON.stringify([machines(given), models(given, {})]);
  assert.match(shown, /Warning/);
  assert.doesNotMatch(shown, /\\u001b|\\n|[\u202e\u200b\u2028]/);
});

Deno.test("models() come warm, loading, waiting, cold, and by name within each", () => {
  const listed = models(
    status({
      models: [
        model({ name: "z", state: "cold", instances: [] }),
        model({ name: "y", state: "waiting" }),
        model({ name: "x", state: "loading" }),
        model({ name: "w", state: "warm" }),
        model({ name: "a", state: "warm" }),
      ],
    }),
    {},
  );
  assert.deepEqual(listed.map(({ name }) => name), ["a", "w", "x", "y", "z"]);
});

Deno.test("models() of one name are two cards, and each is asked by its id", () => {
  const twins = ["twin@aaaaaaaa", "twin@bbbbbbbb"].map((id) => model({ id, name: "twin" }));
  assert.deepEqual(models(status({ models: twins }), {}).map(({ name }) => name), [
    "twin@aaaaaaaa",
    "twin@bbbbbbbb",
  ]);
});

Deno.test("models() name the machines of a split, and one that is gone by its id", () => {
  const [big] = models(status({ peers: [peer()], models: [model({ instances: [SPLIT] })] }), {});
  assert.deepEqual(big?.instances[0]?.shares, [
    { id: MINI, name: "mini", percent: 50, isHost: true },
    { id: SELF, name: "studio", percent: 30, isHost: false },
    { id: "12D3KooWGone000000Vanish", name: "…Vanish", percent: 20, isHost: false },
  ]);
});

Deno.test("models() show the furthest progress known, and only while loading", () => {
  const loading = (progress?: number) =>
    model({
      state: "loading",
      instances: [instance({ state: "loading", ...(progress === undefined ? {} : { progress }) })],
    });
  const shown = (given: ReturnType<typeof model>, progress = {}) =>
    models(status({ models: [given] }), progress)[0]?.progress;
  assert.equal(shown(loading()), null);
  assert.equal(shown(loading(0.2)), 0.2);
  assert.equal(shown(loading(0.2), { guide: 0.4 }), 0.4);
  assert.equal(shown(loading(0.5), { guide: 0.4 }), 0.5);
  assert.equal(shown(loading(), { guide: 7 }), 1);
  assert.equal(shown(loading(), { other: 0.4 }), null);
  assert.equal(shown(model(), { guide: 0.4 }), null);
});

Deno.test("models() show each instance in its own words, and this machine's progress at its own", () => {
  const instances = [
    instance({ host: MINI, why: "its user wants it", measuredTokensPerSecond: 21.5 }),
    instance({ state: "loading", notes: ["no draft"] }),
    instance({ host: TOWER, state: "loading", progress: 0.1 }),
  ];
  const [guide] = models(status({ models: [model({ instances })] }), { guide: 0.4 });
  assert.deepEqual(
    guide?.instances.map(({ host, state, progress, why, rate, notes }) =>
      [host, state, progress, why, rate, notes] as const
    ),
    [
      [MINI, "warm", null, "its user wants it", 21.5, []],
      [SELF, "loading", 0.4, null, null, ["no draft"]],
      [TOWER, "loading", 0.1, null, null, []],
    ],
  );
});

Deno.test("models() carry both numbers of a shortage, and only while waiting", () => {
  const short = instance({ state: "waiting", needBytes: 46 * GB, haveBytes: 24 * GB });
  const shown = (given: ReturnType<typeof model>) =>
    models(status({ models: [given] }), {})[0]?.shortage;
  assert.deepEqual(shown(model({ state: "waiting", instances: [short] })), {
    needBytes: 46 * GB,
    haveBytes: 24 * GB,
  });
  assert.equal(shown(model({ state: "waiting", instances: [] })), null);
  assert.equal(shown(model({ instances: [instance(), short] })), null);
});

Deno.test("models() carry what is left out of them", () => {
  const left = model({ instances: [instance({ notes: ["no eyes"] }), instance()] });
  const [shown, other] = models(status({ models: [left, model({ name: "z" })] }), {});
  const notes = [shown, other].map((model) => model?.instances.map(({ notes }) => notes));
  assert.deepEqual(notes, [[["no eyes"], []], [[]]]);
});

Deno.test("nodeCount() counts who lends memory, and a passive node does not", () => {
  assert.equal(nodeCount(status({ peers: [peer()] })), 2);
  assert.equal(nodeCount(status({ node: { role: "client", passive: true }, peers: [peer()] })), 1);
});
