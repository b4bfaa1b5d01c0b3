// What people are promised, in ms: the bars of docs/performance.md. The tests hold a few samples against them, and
// `./dev bench` many.

/** What Freshet may add to the delay that browsers have among themselves. */
export const GLASS_ADDED_MAX = { p50: 20, p95: 45 };
/** From the POST of a player to its first picture. */
export const JOIN_MAX = { p50: 250, p95: 500 };
/** From the new POST of a reloaded studio to video on the watch page: every time, not most of the time. */
export const RELOAD_MAX = { max: 2000 };
/** A clock that is read in fewer pictures than this leaves out measures something else. */
export const UNREADABLE_SHARE_MAX = 0.05;

/** @typedef {{ n: number, p50: number, p95: number, max: number }} Summary */
/** @typedef {Partial<Record<'p50' | 'p95' | 'max', number>>} Bar the most that each may be */

/** The bar of a glass figure stands on the floor of the same run. @param {Summary} floor @returns {Bar} */
export function aboveFloor(floor) {
  return { p50: floor.p50 + GLASS_ADDED_MAX.p50, p95: floor.p95 + GLASS_ADDED_MAX.p95 };
}

/**
 * How a figure misses its bar: one line for each way, none when it keeps it.
 * @param {Summary} figure @param {Bar} bar @param {number} unreadable pictures whose clock could not be read
 */
export function misses(figure, bar, unreadable = 0) {
  const found = /** @type {const} */ (['p50', 'p95', 'max']).flatMap((part) => {
    const most = bar[part];
    // A figure that is no number keeps no bar.
    return most === undefined || figure[part] <= most
      ? []
      : [`${part} is ${figure[part].toFixed(1)} ms, and may be ${most.toFixed(1)} ms`];
  });
  if (unreadable > UNREADABLE_SHARE_MAX * figure.n) found.push(`${unreadable} of ${figure.n} pictures unreadable`);
  return found;
}
