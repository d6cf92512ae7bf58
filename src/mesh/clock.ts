/** Time, as an argument of everything that needs it. */
export interface Clock {
  /** Milliseconds since 1970; may jump when somebody sets the machine's clock. */
  now(): number;
  /** Milliseconds since some start, with fractions; never jumps. */
  elapsed(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
