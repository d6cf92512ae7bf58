import type { Status } from "../../src/api/mod.ts";

const HOST = "12D3KooWHostHostHostHostHost";
const WORKER = "12D3KooWWorkWorkWorkWorkWork";

/** What a host sees that splits one model with a second machine, while another model waits. */
export const status: Status = {
  version: "0.1.0",
  commands: { start: "./mesh-llm", run: "./mesh-llm" },
  node: {
    id: HOST,
    name: "anna",
    role: "host",
    passive: false,
    model: "big",
    vramBytes: 8e9,
    addresses: [],
    devices: [],
    tokensPerSecond: 0,
    clientsConnected: 0,
    engine: null,
  },
  mesh: { id: "mesh-id-0123456789", vramBytes: 12e9, token: null },
  peers: [{
    id: WORKER,
    name: "bo\x1bb",
    role: "worker",
    model: "big",
    vramBytes: 4e9,
    devices: [],
    rttMs: 0.5,
    version: "0.1.0",
  }],
  models: [
    {
      name: "big",
      sizeBytes: 10e9,
      state: "warm",
      mode: "split",
      hosts: [HOST],
      workers: [{ id: WORKER, share: 0.3 }],
      onDisk: true,
      instances: [{
        host: HOST,
        mode: "split",
        state: "warm",
        term: 1,
        hostShare: 0.7,
        workers: [{ id: WORKER, share: 0.3 }],
      }],
    },
    {
      name: "huge",
      sizeBytes: 90e9,
      state: "waiting",
      mode: "split",
      hosts: [],
      workers: [],
      onDisk: false,
      instances: [{
        host: WORKER,
        mode: "split",
        state: "waiting",
        term: 1,
        hostShare: 1,
        workers: [],
        needBytes: 99e9,
        haveBytes: 12e9,
      }],
    },
  ],
  tunnels: [],
};
