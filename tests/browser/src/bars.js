// What people are promised, in ms where nothing else is said: the bars of docs/performance.md. The tests hold a few samples
// against them, and `./dev bench` many.

/** What Freshet may add to the delay that browsers have among themselves. */
export const GLASS_ADDED_MAX = { p50: 20, p95: 45 };
/** From the POST of a player to its first picture. */
export const JOIN_MAX = { p50: 250, p95: 500 };
/** From the new POST of a reloaded studio to video on the watch page: every time, not most of the time. */
export const RELOAD_MAX = { max: 2000 };
/** From the POST of a publisher to a playlist of HLS with pictures, and to the first of them in hls.js. */
export const PLAYABLE_MAX = { p95: 800 };
export const FIRST_PICTURE_MAX = { p95: 2500 };
/** What packaging takes of a core, in percent: for a rendition that is passed on, and for a stream with its AAC. */
export const RENDITION_MAX = { p50: 0.3 };
export const STREAM_MAX = { p50: 3 };
/** Parts that take over 2 ms from the first packet of the frame after them to being servable, and over 10 ms, in percent. */
export const PARTS_OVER_2_MS_MAX = { max: 50 };
export const PARTS_OVER_10_MS_MAX = { max: 1 };
/** How old pictures of hls.js are when they are shown: of what is passed on, and of what is encoded anew. */
export const HLS_MAX = { p50: 2000, p95: 2500 };
export const HLS_TRANSCODED_MAX = { p50: 2400 };
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
export function misses(figure, bar, unreadable = 0, unit = 'ms') {
  const found = /** @type {const} */ (['p50', 'p95', 'max']).flatMap((part) => {
    const most = bar[part];
    // A figure that is no number keeps no bar.
    return most === undefined || figure[part] <= most
      ? []
      : [`${part} is ${figure[part].toFixed(1)} ${unit}, and may be ${most.toFixed(1)} ${unit}`];
  });
  if (unreadable > UNREADABLE_SHARE_MAX * figure.n) found.push(`${unreadable} of ${figure.n} pictures unreadable`);
  return found;
}
