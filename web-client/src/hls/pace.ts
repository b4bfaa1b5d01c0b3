import type { Lag } from './engine.ts';

/**
 * How much faster a player goes that is behind. Speech at 1.1 keeps its pitch and is not heard to
 * be faster; two seconds are made good in twenty.
 */
const FAST_RATE = 1.1;

/**
 * It begins to hurry when it is this far behind, and hurries until it is as near as a part's
 * jitter.
 */
const HURRY_FROM_S = 0.4;
const HURRY_UNTIL_S = 0.1;

/** Less ahead than this is not spent on hurrying: the picture would stop. */
const AHEAD_MIN_S = 0.7;

/** The rate at which to play from here on. */
export function playbackRate({ behindS, aheadS }: Lag, rate: number): number {
  if (aheadS < AHEAD_MIN_S) return 1;
  const fromS = rate > 1 ? HURRY_UNTIL_S : HURRY_FROM_S;
  return behindS > fromS ? FAST_RATE : 1;
}
