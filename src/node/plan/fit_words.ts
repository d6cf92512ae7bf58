import type { Fit } from "../../api/mod.ts";
import type { FitMesh, ModelFit } from "../../models/mod.ts";

/** The fit with a sentence for people. */
export function fitOf(fit: ModelFit, mesh: FitMesh): Fit {
  const { kind, memory, needBytes, haveBytes, contextLength, largestContextLength } = fit;
  const nodes = fit.nodes.map(({ id, share }) => ({ id, share }));
  const reason = reasonOf(fit, mesh);
  return { kind, memory, needBytes, haveBytes, contextLength, largestContextLength, nodes, reason };
}

function reasonOf(fit: ModelFit, mesh: FitMesh): string {
  const [need, have] = [gigabytes(fit.needBytes), gigabytes(fit.haveBytes)];
  if (fit.kind === "none") {
    return `Does not fit: needs ${need}, and the machines that could share it have ${have}` +
      remedyOf(fit);
  }
  return `Fits ${whereOf(fit, mesh)}: needs ${need} of ${have}`;
}

function whereOf({ kind, memory, nodes }: ModelFit, { self, others }: FitMesh): string {
  const machines = kind === "solo"
    ? nodes[0]?.id === self?.id ? "this machine" : "another machine"
    : `${nodes.filter(({ share }) => share > 0).length} machines together`;
  if (memory === "gpu") return `the GPUs of ${machines}`;
  const all = self === null ? others : [self, ...others];
  const gpuBytes = new Map<string, number>(all.map((node) => [node.id, node.gpuBytes]));
  const isMixed = nodes.some(({ id }) => (gpuBytes.get(id) ?? 0) > 0);
  return isMixed ? `${machines}, a part of it in main memory` : machines;
}

/** The least that would help: a shorter context costs nothing, so it is named first. */
function remedyOf({ needBytes, haveBytes, largestContextLength }: ModelFit): string {
  if (largestContextLength !== null) return `. With --ctx ${largestContextLength} it would fit`;
  const missing = gigabytes(needBytes - haveBytes);
  return `. Machines with ${missing} more would do, or a smaller quantization of it`;
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
