import { isNamed, nameIn } from "../../base/model_ids.ts";
import type { ApiKey } from "./keys.ts";
import type { RateLimits } from "./rate_limit.ts";
import type {
  ForwardRequest,
  GatewayInstance,
  GatewayNode,
  LoadOptions,
  Meaning,
  NamedModel,
  Obstacle,
  RequestRecord,
  UnservedModel,
} from "../base/types.ts";

/** The node as the holder of a key sees it: with the models that the key may use, and no others. */
export class KeyedNode implements GatewayNode {
  readonly #node: GatewayNode;
  readonly #key: ApiKey;
  readonly #limits: RateLimits;
  readonly #now: () => number;

  constructor(
    node: GatewayNode,
    { key, limits, now }: {
      readonly key: ApiKey;
      readonly limits: RateLimits;
      readonly now: () => number;
    },
  ) {
    this.#node = node;
    this.#key = key;
    this.#limits = limits;
    this.#now = now;
  }

  get self(): string {
    return this.#node.self;
  }

  get knowsMesh(): boolean {
    return this.#node.knowsMesh;
  }

  get ownModel(): string | null {
    const { ownModel } = this.#node;
    return ownModel !== null && this.#mayUse(ownModel) ? ownModel : null;
  }

  freshen(): Promise<void> {
    return this.#node.freshen();
  }

  warm(): readonly GatewayInstance[] {
    return this.#node.warm().filter((one) => this.#allows({ ...one, name: one.model }));
  }

  onWarm(listener: () => void): () => void {
    return this.#node.onWarm(listener);
  }

  unserved(): readonly UnservedModel[] {
    return this.#node.unserved().filter((one) => this.#allows(one));
  }

  /** A word means the same as for everybody else here, though the key may not allow what it means. */
  meaning(asked: string): Meaning {
    const meaning = this.#node.meaning(asked);
    switch (meaning.kind) {
      case "none":
        return meaning;
      case "one":
        return this.#allows(meaning.model) ? meaning : { kind: "none" };
      case "several": {
        const models = meaning.models.filter((model) => this.#allows(model));
        return models.length === 0 ? { kind: "none" } : { kind: "several", models };
      }
    }
  }

  obstacles(): readonly Obstacle[] {
    return this.#node.obstacles().filter(({ model }) => this.#mayUse(model));
  }

  coming(): readonly string[] {
    return this.#node.coming().filter((model) => this.#mayUse(model));
  }

  async requestLoad(model: string, options: LoadOptions): Promise<boolean> {
    const granted = this.#key.models ?? undefined;
    return this.#mayUse(model) && await this.#node.requestLoad(model, { ...options, granted });
  }

  explain(instance: GatewayInstance, error: unknown): unknown {
    return this.#node.explain?.(instance, error) ?? error;
  }

  doubt(instance: GatewayInstance): void {
    this.#node.doubt(instance);
  }

  refresh(signal: AbortSignal): Promise<void> {
    return this.#node.refresh(signal);
  }

  /** The host checks again what the key allows. */
  forward(instance: GatewayInstance, request: ForwardRequest): Promise<Response> {
    const { name, models, requestsPerMinute, tokensPerMinute } = this.#key;
    const grant = { key: name, models, requestsPerMinute, tokensPerMinute };
    return this.#node.forward(instance, { ...request, grant });
  }

  begin(): void {
    this.#node.begin();
  }

  record(request: RequestRecord): void {
    const tokens = (request.tokensIn ?? 0) + (request.tokensOut ?? 0);
    this.#limits.charge(this.#key, tokens, this.#now());
    this.#node.record({ ...request, key: this.#key.name });
  }

  /** @param id or the name of a model that this node does not know of. */
  #mayUse(id: string): boolean {
    const meaning = this.#node.meaning(id);
    return this.#allows(
      meaning.kind === "one" ? meaning.model : { id, name: nameIn(id), fingerprint: null },
    );
  }

  #allows(model: NamedModel): boolean {
    return mayUse(this.#key, model);
  }
}

/** A key that names a model without its digits allows all models of that name. */
export function mayUse(
  { models }: Pick<ApiKey, "models">,
  { id, name, fingerprint }: NamedModel,
): boolean {
  return models?.some((allowed) =>
    allowed === name || allowed === id ||
    (fingerprint !== null && isNamed(allowed, { name, fingerprint }))
  ) ?? true;
}
