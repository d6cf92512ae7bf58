import type { Cancel, Clock } from "./clock.ts";

/** A timer holds 24 days at most, and stands still while a machine sleeps: the time is looked at again this often. */
const LOOK_AGAIN_MS = 60_000;

/** Runs something once the clock has passed a moment (epoch milliseconds); what it returns calls that off. */
export function alarmAt(clock: Clock, at: number, run: () => void): Cancel {
  let cancel: Cancel;
  const arm = () => {
    const left = at - clock.now();
    cancel = left > 0 ? clock.after(Math.min(left, LOOK_AGAIN_MS), arm) : clock.after(0, run);
  };
  arm();
  return () => cancel();
}
