/** The knowledge about models: what a GGUF is, what is on disk, what it needs and which nodes can run it together. */

export { isModelPath, isUrl, type Library, openLibrary } from "./inventory/library.ts";
export type { BrokenModel } from "./layouts/found.ts";
export type { ModelEnvironment, ModelPlaces } from "./layouts/model_folders.ts";
export {
  InvalidGgufError,
  InvalidModelNameError,
  InvalidReferenceError,
  ModelNotFoundError,
  SeveralModelsError,
} from "./base/errors.ts";
export { GUIDE_NAME, guideTrial } from "./inventory/guide_file.ts";
export { checkpointBytes, needBytes, servedContext, type SizedModel } from "./fit/needs.ts";
export {
  AUTO_SHAPE,
  batchOf,
  cappedNote,
  chooseShape,
  leastBytes,
  leastShape,
  type Shape,
  type ShapeSettings,
} from "./fit/shape.ts";
export { CATALOG } from "./catalog/catalog.ts";
export type { CatalogModel } from "./catalog/entry.ts";
export type { DownloadProgress } from "./downloads/download_entry.ts";
export { Downloads, type DownloadsOptions } from "./downloads/downloads.ts";
export type { DownloadPlan } from "./downloads/resolve.ts";
export { type FitMesh, type FitNode, type ModelFit, planFit, withinMemory } from "./fit/fit.ts";
export { ModelInventory } from "./inventory/inventory.ts";
export { place, type PlacementInput } from "./fit/placement.ts";
export { checkModelsDir } from "./inventory/models_dir.ts";
export { purposeOf } from "./fit/purpose.ts";
export { isModelName } from "../base/model_name.ts";
export { shardName } from "./base/shards.ts";
export { draftsFor, whyNoDraft } from "./companions/pairing.ts";
export type {
  GgufHeader,
  GgufTensor,
  LocalModel,
  MemoryPools,
  MemoryUse,
  ModelHeader,
  Placement,
  ProjectorFile,
  SplitCandidate,
} from "./base/types.ts";
export { fileIdentity } from "./weights/file_identity.ts";
export { WeightLibrary, type WeightLibraryOptions } from "./weights/weight_library.ts";
