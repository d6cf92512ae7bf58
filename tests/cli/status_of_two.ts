import type { Status } from "../../src/api/mod.ts";
import { machine } from "../mesh/content.ts";

const HOST = "12D3KooWHostHostHostHostHost";
const WORKER = "12D3KooWWorkWorkWorkWorkWork";

const BIG = { model: "big", host: HOST, mode: "split", state: "warm", pinned: true } as const;

/** The status of a host that splits one model with a second machine, while another model waits. */
export const status: Status = {
  version: "0.1.0",
  commands: { start: "./mesh-llm", run: "./mesh-llm" },
  node: {
    ...machine({ name: "anna" }),
    engine: null,
    id: HOST,
    role: "host",
    passive: false,
    model: "big",
    serving: [{ ...BIG, role: "host", reservedBytes: { CPU: 7e9 } }],
    vramBytes: 8e9,
    addresses: [],
    tokensPerSecond: 0,
    clientsConnected: 0,
  },
  mesh: { id: "mesh-id-0123456789", vramBytes: 12e9, token: null },
  peers: [{
    ...machine({ name: "bo\x1bb" }),
    id: WORKER,
    role: "worker",
    model: "big",
    models: ["big"],
    serving: [{ ...BIG, role: "worker", reservedBytes: { CPU: 3e9 } }],
    vramBytes: 4e9,
    rttMs: 0.5,
  }],
  models: [
    {
      id: "big",
      name: "big",
      fingerprint: null,
      sizeBytes: 10e9,
      state: "warm",
      reason: null,
      mode: "split",
      hosts: [HOST],
      workers: [{ id: WORKER, share: 0.3 }],
      onDisk: true,
      instances: [{
        host: HOST,
        mode: "split",
        state: "warm",
        why: "its user wants it",
        term: 1,
        hostShare: 0.7,
        workers: [{ id: WORKER, share: 0.3 }],
        contextLength: 4_096,
      }],
    },
    {
      id: "huge",
      name: "huge",
      fingerprint: null,
      sizeBytes: 90e9,
      state: "waiting",
      reason: null,
      mode: "split",
      hosts: [],
      workers: [],
      onDisk: false,
      instances: [{
        host: WORKER,
        mode: "split",
        state: "waiting",
        why: null,
        term: 1,
        hostShare: 1,
        workers: [],
        contextLength: 4_096,
        needBytes: 99e9,
        haveBytes: 12e9,
      }],
    },
    {
      id: "left",
      name: "left",
      fingerprint: null,
      sizeBytes: 3e9,
      state: "cold",
      reason: "bo\x1bb: dropped by its user",
      mode: "solo",
      hosts: [],
      workers: [],
      onDisk: false,
      instances: [],
    },
  ],
  tunnels: [],
};
