/** Time, as an argument of everything that needs it. */
export interface Clock {
  /** Milliseconds since 1970; may jump when somebody sets the machine's clock. */
  now(): number;
  /** Milliseconds since some start, with fractions; never jumps. */
  elapsed(): number;
  /** Runs something once, later; what it returns calls that off. */
  after(delayMs: number, run: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
