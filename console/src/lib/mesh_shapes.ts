/** The shapes of machines and models as the page shows them. */

import type { Device, InstanceStatus, ModelStatus, Reached } from "../../../src/api/base/types.ts";

/** Fraction loaded by the id of a model. */
export type Progress = Readonly<Record<string, number>>;

export interface Memory {
  readonly usedBytes: number;
  readonly offeredBytes: number;
  readonly totalBytes: number;
}

/** A machine's part in the instance that it hosts or works for. */
export interface Part {
  readonly model: string;
  readonly as: "host" | "worker";
  readonly mode: "solo" | "split";
  readonly state: InstanceStatus["state"];
  /** Of the model's layers; 100 for a model that runs alone. */
  readonly percent: number;
  readonly hostId: string;
  readonly hostName: string;
  /** A user said so: it is not given up for another model. */
  readonly pinned: boolean;
  /** On all devices that models are counted on. */
  readonly bytes: number;
}

/** The memory of a device that one part takes. */
export interface Take {
  /** Of the part among its machine's. */
  readonly index: number;
  readonly model: string;
  readonly bytes: number;
}

export interface DeviceView {
  readonly name: string;
  /** `null` if the machine does not say it. */
  readonly kind: Device["kind"];
  readonly memory: Memory;
  /** Those that hold memory there, in the order of the parts. */
  readonly takes: readonly Take[];
}

export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly role: "host" | "worker" | "standby" | "client";
  /** It is in no list of members: only this node can be, for it does not list others. */
  readonly passive: boolean;
  /** One for each instance, in the machine's own order. */
  readonly parts: readonly Part[];
  /** Of its parts together: what goes on there is said before what has ended. */
  readonly state: Part["state"] | null;
  /** Operating system and processor; `null` where the machine does not say. */
  readonly system: string | null;
  /** A request makes it load models. */
  readonly loadsOnRequest: boolean;
  readonly memory: Memory;
  readonly devices: readonly DeviceView[];
  /** Bytes that this machine and the node that shows it have exchanged. */
  readonly trafficBytes: number;
  /** Why weights for this machine cross the network; `null` where they need not. */
  readonly plain: string | null;
  /** Notes about its processes; known of this node only. */
  readonly notes: readonly string[];
  readonly rttMs: number | null;
  /** The way to it; `null` of this machine, and where there is no connection to it. */
  readonly way: WayView | null;
  /** How RPC and files went to or from it, in a word; `null` where none has. */
  readonly bulk: string | null;
}

/** How a machine is reached. */
export interface WayView {
  readonly kind: Reached["kind"];
  /** A word, for the line between two machines. */
  readonly word: string;
  /** With the carrier's name. */
  readonly text: string;
  /** Advice for a better one; `null` where it is as good as it gets. */
  readonly advice: string | null;
}

export interface ShareOf {
  readonly id: string;
  readonly name: string;
  readonly percent: number;
  readonly isHost: boolean;
}

export interface InstanceView {
  readonly host: string;
  readonly mode: "solo" | "split";
  readonly state: InstanceStatus["state"];
  /** Host first. */
  readonly shares: readonly ShareOf[];
  /** Why its host serves it. */
  readonly why: string | null;
  /** Why it failed. */
  readonly reason: string | null;
  /** Only while loading; `null` where nobody has said yet. */
  readonly progress: number | null;
  /** Tokens that each request may have; `null` where the host does not say it. */
  readonly contextLength: number | null;
  /** Requests that are answered at one time; `null` where the host does not say it. */
  readonly slots: number | null;
  /** Tokens a second of one request; `null` where this node has measured none. */
  readonly rate: number | null;
  /** Notes about this machine's own instance: files that are left out, and why. */
  readonly notes: readonly string[];
}

export interface Shortage {
  readonly needBytes: number;
  readonly haveBytes: number;
}

export interface ModelView {
  /** Its id, by which it is told from another model of its name, and asked. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly state: ModelStatus["state"];
  readonly onDisk: boolean;
  /** Only while loading; `null` where nobody has said yet. */
  readonly progress: number | null;
  /** Only while waiting for memory. */
  readonly shortage: Shortage | null;
  /** The reason why it is not served, if a node failed to serve it or refuses to. */
  readonly reason: string | null;
  /** The best state first. */
  readonly instances: readonly InstanceView[];
}
