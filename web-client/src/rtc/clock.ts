/** Time and chance as the recovery sees them, so that tests run it in virtual time. */
export interface Clock {
  nowMs(): number;
  /** Calls once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, call: () => void): () => void;
  /** A number in [0, 1), as `Math.random`. */
  random(): number;
}

/** The browser's own. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
