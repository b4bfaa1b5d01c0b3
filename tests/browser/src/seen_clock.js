// The clock of the test pattern, as a page that watches it shows it.
import assert from 'node:assert/strict';
import { summary } from './percentile.js';

/** How long pictures may take to come, on a machine that compiles at the same time. */
const WITHIN_MS = 30_000;

/** So many readings show that the clock goes: a second of them, which is more than a queue that somebody forgot holds. */
const N_READINGS = 30;

/** How many of the pictures may have no clock to read: what an encoder has blurred, whose checksum tells. */
const UNREADABLE_SHARE_MAX = 0.1;

/** A stream is live while whoever speaks does not wait for the answer. A machine that compiles at times makes one wait. */
const AGE_MAX_MS = 1_000;

/** Two readings of one picture differ by what two browsers round and by how long a page waits for its turn, and those of two
 *  pictures by 33 ms: half of it tells them apart. */
const SAME_PICTURE_MS = 16;

/**
 * How much faster or slower the time in the pictures may go than the time that they take. A player that a busy machine held up
 * catches up for a second, so it is looked at again.
 */
const PACE_ERROR_MAX = 0.3;
const N_LOOKS = 3;

/**
 * What a page showed: in ms of one clock, when each picture was drawn, by the clock in it, and when it was seen; and how
 * many pictures had no clock to read, and the size of the last.
 * @typedef {{ read: { drawnAt: number, seenAt: number }[], unreadable: number, now: string }} Readings
 */

/**
 * Reads the clock in the pictures of a page that watches the test pattern, until it was read so often in pictures of one
 * size, where one is wanted: a viewer of several encodings may see another for a while, when the machine is busy.
 * @param {import('./video.js').Page} page
 * @param {{ wanted: number, size?: string, ageMax: number }} plan an older picture is a strip that was misread: its checksum
 * has eight bits
 * @returns {Promise<Readings>}
 */
function readClock(page, { wanted, size, ageMax }) {
  return page.evaluate(
    async ({ wanted, size, ageMax, withinMs }) => {
      const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
      // The page loads its reader when it is first asked.
      await window.freshet?.pictureAgeMs?.();
      return new Promise((resolve, reject) => {
        let { read, unreadable, now } = /** @type {Readings} */ ({ read: [], unreadable: 0, now: 'no picture' });
        const late = setTimeout(
          () => reject(new Error(`${read.length} of ${wanted} clocks in ${withinMs} ms, ${unreadable} unreadable; ${now}`)),
          withinMs,
        );
        const onPicture = async () => {
          const age = await window.freshet?.pictureAgeMs?.();
          const seenAt = performance.timeOrigin + performance.now();
          now = `${video.videoWidth}x${video.videoHeight}`;
          if (size && now !== size) [read, unreadable] = [[], 0];
          else if (age === undefined || Math.abs(age) > ageMax) unreadable += 1;
          else read.push({ drawnAt: seenAt - age, seenAt });
          if (read.length < wanted) return void video.requestVideoFrameCallback(onPicture);
          clearTimeout(late);
          resolve({ read, unreadable, now });
        };
        video.requestVideoFrameCallback(onPicture);
      });
    },
    { wanted, size, ageMax, withinMs: WITHIN_MS },
  );
}

/** Older than this is no picture that a queue held back, but a strip that was misread. */
const MISREAD_MS = 60_000;

/**
 * Looks once, for `showsTheClock`. Null: the clock is too fast or too slow, and may be looked at again.
 * @param {import('./video.js').Page} viewer
 * @param {{ codec: string, size?: string }} stream
 * @param {boolean} isLast
 * @returns {Promise<string | null>}
 */
async function looksAtTheClock(viewer, { codec, size }, isLast) {
  const { read, unreadable, now } = await readClock(viewer, { wanted: N_READINGS, size, ageMax: MISREAD_MS });
  const share = unreadable / (unreadable + read.length);
  assert.ok(share <= UNREADABLE_SHARE_MAX, `${unreadable} clocks of ${unreadable + read.length} cannot be read`);

  const [drawn, seen] = [read.map(({ drawnAt }) => drawnAt), read.map(({ seenAt }) => seenAt)];
  const steps = drawn.slice(1).map((at, index) => at - Number(drawn[index]));
  assert.ok(steps.every((ms) => ms > -SAME_PICTURE_MS), `the clock goes back: ${steps.map(Math.round)} ms`);
  const n = 1 + steps.filter((ms) => ms > SAME_PICTURE_MS).length;
  assert.ok(n > read.length / 2, `${n} of ${read.length} pictures are new`);
  const span = (/** @type {number[]} */ times) => Number(times.at(-1)) - Number(times[0]);
  const pace = span(drawn) / span(seen);
  const isInPace = Math.abs(pace - 1) <= PACE_ERROR_MAX;
  if (!isInPace && !isLast) return null;
  assert.ok(isInPace, `the clock goes ${pace.toFixed(2)} times as fast as it should`);

  const ages = read.map(({ drawnAt, seenAt }) => seenAt - drawnAt);
  const { p50, p95, max } = summary(ages);
  const told = `${now}, p50 ${p50.toFixed(0)} ms old, p95 ${p95.toFixed(0)}, at most ${max.toFixed(0)}; ${unreadable} unreadable`;
  assert.ok(Math.min(...ages) > 0 && p50 < AGE_MAX_MS, told);
  return told;
}

/**
 * The page shows the clock of the test pattern as it goes: every picture is newer than the last, young, and of this size.
 * @param {import('./video.js').Page} viewer
 * @param {{ codec: string, size?: string }} stream the size where it is known
 * @returns {Promise<string>} what was seen, for people
 */
export async function showsTheClock(viewer, stream) {
  for (let look = 1; ; look += 1) {
    const told = await looksAtTheClock(viewer, stream, look === N_LOOKS);
    if (told !== null) return told;
  }
}

/**
 * How old the next pictures are when they are seen, in ms.
 * @param {import('./video.js').Page} viewer
 * @param {string} size
 */
export async function clockAges(viewer, size) {
  const { read } = await readClock(viewer, { wanted: N_READINGS, size, ageMax: MISREAD_MS });
  return read.map(({ drawnAt, seenAt }) => seenAt - drawnAt);
}
