import type { Fit } from "../../api/mod.ts";
import type { FitMesh, ModelFit } from "../../models/mod.ts";

/** The fit with a sentence for people. */
export function fitOf(fit: ModelFit, { self }: Pick<FitMesh, "self">): Fit {
  const { kind, needBytes, haveBytes, contextLength, largestContextLength } = fit;
  const nodes = fit.nodes.map(({ id, share }) => ({ id, share }));
  const reason = reasonOf(fit, self?.id ?? null);
  return { kind, needBytes, haveBytes, contextLength, largestContextLength, nodes, reason };
}

function reasonOf({ kind, needBytes, haveBytes, nodes }: ModelFit, self: string | null): string {
  const [need, have] = [gigabytes(needBytes), gigabytes(haveBytes)];
  switch (kind) {
    case "solo":
      return nodes[0]?.id === self
        ? `Fits this machine: needs ${need} of ${have}`
        : `Fits another machine: needs ${need} of ${have}`;
    case "split":
      return `Fits ${nodes.length} machines together: needs ${need} of ${have}`;
    case "none":
      return `Does not fit: needs ${need}, and the machines that could share it have ${have}`;
  }
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
