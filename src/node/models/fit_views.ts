/** The mesh as the judgement of what fits takes it, made of what a command knows of it. Pure. */

import type { Fit, PeerStatus, Status } from "../../api/mod.ts";
import type { HeldMemory, ModelOnDisk, ModelRef, PeerId } from "../../mesh/mod.ts";
import type { OfferedMemory } from "../../engine/mod.ts";
import {
  AUTO_SHAPE,
  leastBytes,
  type LocalModel,
  needBytes,
  type ShapeSettings,
} from "../../models/mod.ts";
import type { FitMember, FitView } from "../plan/fit_mesh.ts";
import { fitJudge } from "../plan/fit_now.ts";
import { fitOf } from "../plan/fit_words.ts";
import type { NamedForSettings } from "../plan/model_settings.ts";

/** As the user of this node has set it. */
export type ShapeOf = (model: NamedForSettings) => ShapeSettings;

export function filesOf(
  models: readonly LocalModel[],
  shapeOf: ShapeOf = () => AUTO_SHAPE,
): ModelOnDisk[] {
  return models.map((model) => ({
    name: model.name,
    sizeBytes: model.sizeBytes,
    fingerprint: model.fingerprint,
    needBytes: leastBytes(model, shapeOf(model)),
  }));
}

/** One of an earlier version serves one model, and is known by not saying what memory that takes. */
export function isSingle(reservations: readonly HeldMemory[], isBusy: boolean): boolean {
  return isBusy && reservations.length === 0;
}

export function isRunning({ state }: { readonly state: string }): boolean {
  return state !== "waiting";
}

/** One machine that runs nothing, and has these files. */
export function lonelyView(memory: OfferedMemory, models: readonly LocalModel[]): FitView {
  const self = {
    peer: SELF,
    isSingle: false,
    reservations: [],
    name: "this machine",
    memoryBytes: memory.memoryBytes,
    devices: memory.devices,
    rpcProtocol: "",
    rttsMs: {},
    files: filesOf(models),
    downloadBytes: 0,
    refuses: [],
    pins: [],
    instances: [],
    demand: {},
  };
  return { self: SELF, members: [self] };
}

const SELF = "self";

/** Of a file that is still to be fetched, which any machine could then have. */
export function downloadFit(
  model: { readonly name: string; readonly sizeBytes: number },
  view: FitView,
  settings: ShapeSettings,
): Fit {
  const fit = fitJudge(view)({ ...model, fingerprint: null, source: "anywhere" }, settings);
  return fitOf(fit, view);
}

/** The mesh, as far as a running node's status tells it. A file lies on its machine, unless that is a client's: then anywhere. */
export function statusView(status: Status, models: readonly LocalModel[]): FitView {
  const { node, peers } = status;
  const isClient = node.role === "client";
  const rtts = peers.flatMap(({ id, rttMs }) => rttMs === null ? [] : [[id, rttMs]]);
  const self = { ...statusMember(node, status), rttsMs: Object.fromEntries(rtts) };
  const others = peers.map((peer) => statusMember(peer, status));
  if (isClient) return { self: null, members: others.map((one) => ({ ...one, files: null })) };
  return {
    self: node.id,
    members: [{ ...self, files: filesOf(models) }, ...others],
  };
}

function statusMember(
  { id, name, vramBytes, devices, engine, serving }: PeerStatus | Status["node"],
  { models }: Status,
): FitMember {
  const hosted = models.flatMap(({ name, sizeBytes, instances }) =>
    instances.flatMap(({ state, ...one }) =>
      // One that waits its turn has nothing to lend yet.
      one.host === id && state !== "turn" ? [{ ...one, state, name, sizeBytes }] : []
    )
  );
  // The workers of a host may hold all of its model.
  const holding = serving.filter(({ reservedBytes, role, mode, state }) =>
    Object.keys(reservedBytes).length > 0 ||
    (role === "host" && mode === "split" && isRunning({ state }))
  );
  const reservations = holding.map(({ model, reservedBytes }): HeldMemory => ({
    model: refOf(model),
    devices: Object.entries(reservedBytes).map(([name, bytes]) => ({ name, bytes })),
  }));
  return {
    peer: id,
    isSingle: isSingle(reservations, serving.some(isRunning)),
    reservations,
    name,
    memoryBytes: vramBytes,
    devices,
    rpcProtocol: engine !== null && "rpcProtocol" in engine ? engine.rpcProtocol : null,
    rttsMs: {},
    files: [],
    downloadBytes: 0,
    refuses: [],
    pins: serving.filter(({ pinned }) => pinned).map(({ model }) => model),
    instances: hosted.map(({ name, sizeBytes, state, hostShare, workers, ...one }) => ({
      model: refOf(name),
      // A node that fails to load a model is still to serve it.
      state: state === "failed" ? "loading" : state,
      hostShare,
      workers: workers.map(({ id, share }) => ({ peer: id as PeerId, share })),
      needBytes: one.needBytes ?? needBytes({ sizeBytes }, null),
    })),
    demand: {},
  };
}

/** The status tells no contents. */
function refOf(name: string): ModelRef {
  return { name, fingerprint: "" };
}
