// What a person sees while the watch page goes from one player to another: by the clock of the test pattern, picture for
// picture, what was skipped, what was seen again, and whether there was nothing to see.

/** Older than this is a strip that was misread: its checksum has eight bits. */
const MISREAD_MS = 60_000;

/** A player that makes good goes a tenth faster; what is beyond that was skipped. */
const FASTEST = 1.15;

/**
 * In ms: how far the pictures went ahead of what the time they took explains, from one player to the other and since then
 * (what a busy machine leaves out, it makes good, and is not ahead); how far back they went; the longest time without a picture to see, and without one that moves; how old the last ones were.
 * @typedef {{ skippedMs: number, againMs: number, blackMs: number, longestMs: number, ageMs: number, n: number }} Seen
 */

/**
 * Begins to look at what the page shows.
 * @param {import('playwright-core').Page} page
 */
export async function look(page) {
  await page.evaluate(async (misreadMs) => {
    // The page loads its reader when it is first asked.
    await window.freshet?.pictureAgeMs?.();
    const looks = /** @type {NonNullable<Window['looks']>} */ ([]);
    window.looks = looks;
    const eye = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
    /** What each has shown a picture of. @type {Map<HTMLVideoElement, string>} */
    const shown = new Map();
    const isBlack = (/** @type {HTMLVideoElement} */ video) => {
      if (!eye || video.videoWidth === 0) return true;
      // On its way to another place a video keeps its last picture, which no script can read, if it has had one.
      if (video.readyState < video.HAVE_CURRENT_DATA) return shown.get(video) !== video.currentSrc;
      shown.set(video, video.currentSrc);
      eye.drawImage(video, 0, 0, 8, 8);
      const { data } = eye.getImageData(0, 0, 8, 8);
      return data.every((value, index) => index % 4 === 3 || value < 40);
    };
    const see = async () => {
      const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
      const black = isBlack(video);
      const age = black || video.readyState < video.HAVE_CURRENT_DATA ? undefined : await window.freshet?.pictureAgeMs?.();
      const at = performance.timeOrigin + performance.now();
      const isRead = age !== undefined && Math.abs(age) < misreadMs;
      if (window.looks !== looks) return;
      const via = window.freshet?.via;
      looks.push({ at, black, via, drawnAt: isRead ? at - age : undefined });
      requestAnimationFrame(see);
    };
    requestAnimationFrame(see);
  }, MISREAD_MS);
}

/**
 * Ends the looking that `look` began, and tells what was seen.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<Seen>}
 */
export async function seenThrough(page) {
  const looks = (await page.evaluate(() => {
    const looks = window.looks ?? [];
    window.looks = undefined;
    return looks;
  }));
  const seen = { skippedMs: 0, againMs: 0, blackMs: 0, longestMs: 0, ageMs: Number.NaN, n: 0 };
  let [latest, moved] = [Number.NEGATIVE_INFINITY, Number.NaN];
  /** @typedef {{ at: number, drawnAt: number, via: string | undefined }} Look @type {Look | undefined} */
  let last;
  /** The first of its player. @type {Look | undefined} */
  let first;
  /** @type {number | undefined} */
  let blackSince;
  for (const { at, black, via, drawnAt } of looks) {
    if (!black) blackSince = undefined;
    else seen.blackMs = Math.max(seen.blackMs, at - (blackSince ??= at) + 1);
    if (drawnAt === undefined) continue;
    seen.ageMs = at - drawnAt;
    if (last) {
      const step = drawnAt - last.drawnAt;
      const from = via === last.via && first ? first : last;
      seen.skippedMs = Math.max(seen.skippedMs, drawnAt - from.drawnAt - FASTEST * (at - from.at));
      seen.againMs = Math.max(seen.againMs, latest - drawnAt);
      if (Math.abs(step) > 5) moved = last.at;
    }
    if (!Number.isNaN(moved)) seen.longestMs = Math.max(seen.longestMs, at - moved);
    latest = Math.max(latest, drawnAt);
    if (via !== last?.via) first = { at, drawnAt, via };
    last = { at, drawnAt, via };
    seen.n += 1;
  }
  return seen;
}

/** For people. @param {Seen} seen */
export function told({ skippedMs, againMs, blackMs, longestMs, ageMs, n }) {
  const ms = (/** @type {number} */ value) => `${value.toFixed(0)} ms`;
  return `${n} looks: ${ms(skippedMs)} skipped, ${ms(againMs)} again, ${ms(blackMs)} black, `
    + `the longest wait ${ms(longestMs)}, ${ms(ageMs)} old at the end`;
}
