/** The plans of a machine whose owner has switched loading by request off (`--no-load-on-request`). Pure. */

import type { Member, View } from "./view.ts";

/**
 * Such a member takes up what people have named, on whichever machine, and refuses all else that it does not run: what
 * requests want, and replicas of what they have had loaded elsewhere.
 */
export function heedSwitches(view: View): View {
  const { self, others } = view;
  const members = [self, ...others];
  if (!members.some(isOff)) return view;
  const meant = new Set(members.flatMap(meantBy));
  const asked = members.flatMap((member) => member.asked ?? []);
  const heed = (member: Member) => isOff(member) ? refusing(member, meant, asked) : member;
  return { ...view, self: heed(self), others: others.map(heed) };
}

/** The names that a member wants served for another reason than a request. */
export function meantBy(
  { wanted, asked = [] }: Pick<Member, "wanted" | "asked">,
): readonly string[] {
  return asked.length === 0 ? wanted : wanted.filter((name) => !asked.includes(name));
}

export function isOff({ machine }: Pick<Member, "machine">): boolean {
  return machine.loadsOnRequest === false;
}

function refusing(member: Member, meant: ReadonlySet<string>, asked: readonly string[]): Member {
  const { models, targets, instances, refuses } = member;
  const does = new Set(
    [...targets, ...instances.map(({ model }) => model)].map(({ name }) => name),
  );
  const names = [...models.map(({ name }) => name), ...asked]
    .filter((name) => !meant.has(name) && !does.has(name));
  return { ...member, refuses: [...new Set([...refuses, ...names])] };
}
