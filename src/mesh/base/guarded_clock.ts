import type { Logger } from "@logtape/logtape";
import type { Clock } from "./clock.ts";

/** An error in a timer would end the process, and timers work on data of peers: here it is logged instead. */
export function guardedClock(clock: Clock, logger: Logger): Clock {
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    after: (delayMs, run) =>
      clock.after(delayMs, () => {
        try {
          run();
        } catch (error) {
          logger.error("A timer of the mesh failed: {error}", { error });
        }
      }),
  };
}
