import { type Claim, type ModelRef, Namesakes, toldApart } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import type { TargetOptions } from "./target.ts";
import { everyone, type Member, type View } from "./view.ts";

/**
 * Puts ids in place of the names that several models have, so that to a plan each of them is a model like any other, and
 * names as they are announced into what comes of it. Pure.
 */
export class SameNames {
  readonly #namesakes: Namesakes;
  readonly #view: View;

  /** `null` where each name is one model. */
  static in(view: View): SameNames | null {
    const namesakes = Namesakes.of(everyone(view));
    return namesakes === null ? null : new SameNames(view, namesakes);
  }

  private constructor(view: View, namesakes: Namesakes) {
    this.#view = view;
    this.#namesakes = namesakes;
  }

  get view(): View {
    const { self, others } = this.#view;
    const [named = self, ...rest] = toldApart([self, ...others], this.#namesakes)
      .map((member) => this.#withHeld(member));
    return { ...this.#view, self: named, others: rest };
  }

  #withHeld(member: Member): Member {
    const apart = <Held extends { readonly model: ModelRef }>(held: Held): Held => ({
      ...held,
      model: this.#namesakes.apart(held.model),
    });
    return { ...member, reservations: member.reservations.map(apart) };
  }

  options(
    {
      pinned,
      taken = [],
      rested,
      mayCool,
      hasHadTurn = () => true,
      gapsMs = new Map(),
      ...options
    }: TargetOptions,
  ): TargetOptions {
    const namesakes = this.#namesakes;
    const { self } = this.#view;
    return {
      ...options,
      pinned: pinned.map((model) => namesakes.apart(model)),
      taken: taken.map((claim) => ({ ...claim, model: namesakes.oneOf(claim.model, self) })),
      mayCool: (model) => mayCool(namesakes.plain(model)),
      hasHadTurn: (model) => hasHadTurn(namesakes.plain(model)),
      gapsMs: new Map([...gapsMs].map(([name, ms]) => [namesakes.oneOf(name, self), ms])),
      rested: new Set([...rested].flatMap((name) => namesakes.allOf(name, self))),
    };
  }

  plan(plan: Plan): Plan {
    if (plan.kind === "standby") return plan;
    return plan.kind === "download"
      ? { ...plan, name: this.#namesakes.plainName(plan.name) }
      : { ...plan, model: this.#namesakes.plain(plan.model) };
  }

  model(model: ModelRef): ModelRef {
    return this.#namesakes.plain(model);
  }

  name(name: string): string {
    return this.#namesakes.plainName(name);
  }

  claim(claim: Claim | null): Claim | null {
    return claim && { ...claim, model: this.#namesakes.plainName(claim.model) };
  }
}
