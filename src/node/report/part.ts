import type { LoadOptions, MachineStatus, Status } from "../../api/mod.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import type { InferenceRequest } from "../../tunnel/mod.ts";
import type { OwnWork } from "./node_status.ts";

/** The part of a node that differs between a member and a client. */
export interface NodePart {
  /** The model that this node serves or takes part in. */
  readonly ownModel: ModelRef | null;
  /** Asks this node's own llama-server; `null` while it does not answer for this model. The request's signal aborts at its end. */
  askLocal(model: ModelRef, request: InferenceRequest): Promise<Response> | null;
  /** This node has ended the model's llama-server because it serves something else now. */
  hasRetired(model: ModelRef): boolean;
  /** The models that it hosts, for people. */
  readonly works: readonly OwnWork[];
  readonly onDisk: readonly (ModelRef & { readonly sizeBytes: number })[];
  /** Children that were started again after a crash, by model. */
  readonly engineRestarts: ReadonlyMap<string, number>;
  /** When the model's last answer has ended; `undefined` while one is given, 0 where it was never asked for. */
  idleSinceMs(model: string): number | undefined;
  /** Requests of other nodes that it answers now. */
  readonly answering: number;
  /** Brings its knowledge up to date; never fails. */
  freshen(): Promise<void>;
  /** Keeps it fresh until the result is called. */
  watch(): () => void;
  status(): Pick<Status["node"], "role" | "model" | "vramBytes" | "notes" | keyof MachineStatus>;
  /**
   * A request names a model that nobody serves. True where it is on a disk of the mesh and will be loaded,
   * so that waiting is of use.
   */
  requestLoad(model: string, options: LoadOptions): Promise<boolean>;
  /** There is work for this node: a standby gossips, and knows the others, when this resolves. */
  enter(reason: string): Promise<void>;
  /** Serves the model from now on. @throws {ModelRefusedError} */
  serve(model: string): Promise<void>;
  /** Serves the model no longer; resolves when its processes are gone. @throws {ModelRefusedError} */
  drop(model: string): Promise<void>;
  /** Works until the signal aborts; resolves when nothing that it started is left. */
  run(signal: AbortSignal): Promise<void>;
}
