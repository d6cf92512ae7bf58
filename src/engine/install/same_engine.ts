/** Which machines should take another llama.cpp so that all speak one RPC protocol, as one command. Pure. */

import { compareVersions } from "../../base/compare_versions.ts";

export interface SpeakingMachine {
  readonly id: string;
  /** As it calls itself. */
  readonly name: string;
  readonly rpcProtocol: string;
}

/**
 * As few machines as can be take the llama.cpp of another one; of as many each the newer protocol stays. Every machine
 * names the same one, so that two who follow the advice don't swap theirs.
 */
export function sameEngineRemedy(machines: readonly SpeakingMachine[], self: string): string {
  const groups = [...Map.groupBy(machines, ({ rpcProtocol }) => rpcProtocol)];
  const [kept, ...changing] = groups.sort(([a, ofA], [b, ofB]) =>
    ofB.length - ofA.length || compareVersions(b, a)
  );
  const model = kept?.[1].toSorted((a, b) => a.id < b.id ? -1 : 1)[0];
  const others = changing.flatMap(([, group]) => group);
  if (model === undefined || others.length === 0) return "";
  const places = others.map(({ id, name }) => id === self ? "here" : `on ${name}`);
  const shown = places.length > PLACES_SHOWN
    ? [...places.slice(0, PLACES_SHOWN), `on ${places.length - PLACES_SHOWN} more`]
    : places;
  return `Run mesh-llm engine install --like ${wordFor(model)} ${shown.join(", ")}, ` +
    `and start ${places.length === 1 ? "it" : "them"} again`;
}

const PLACES_SHOWN = 5;

/** The name, where a shell takes it for one word and nothing else; people copy the command. */
function wordFor({ id, name }: SpeakingMachine): string {
  return /^[\w.][\w.-]*$/.test(name) ? name : id;
}
