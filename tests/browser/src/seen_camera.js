// What the fake camera of a browser saw, as a page that watches it shows it: the same as the studio's own preview.
import assert from 'node:assert/strict';
import { statistics } from './video.js';

/** How long pictures may take to come, on a machine that compiles at the same time. */
const WITHIN_MS = 30_000;

/** So long Chromium's fake camera needs for its round, and its microphone has beeped; and what is the least to be seen. */
const LOOK_MS = 1_500;
const N_PICTURES = 15;

/**
 * Firefox's fake camera goes through colours of which some seconds are the same green to an eye, here and, where a machine is
 * busy, a little later there: then one looks again.
 */
const LOOKS_MAX = 4;

/** A picture is looked at in tiles: the mean of each is what no codec may change much. */
const TILES = { across: 16, down: 9 };

/**
 * How far a tile may be from the preview's in the mean of all tiles, of 255. VP9 and AV1 say which shades they mean, which
 * the preview of a fake camera does not: they are 18 away from each other.
 */
const DIFFERENCE_MAX = 25;

/** The same where all of the picture changes its colour all the time: the one is seen a little later than the other. */
const DIFFERENCE_MAX_UNIFORM = 60;

/** A tile that has changed by so much of 255 meanwhile has seen something move. */
const CHANGE_MIN = 32;

/** Of a picture so much moves at least; a picture that stands still has none of it, noise and all. */
const CHANGED_TILES_MIN = 8;

/** How far tiles are from their mean, of 255: in a picture of one colour, not at all. */
const CONTRAST_MIN = 8;

/** The microphone beeps; on a machine that compiles at the same time, a browser's sound begins late. */
const HEARD_WITHIN_MS = 5_000;

/** What may be made up of the sound where nothing is lost: a machine that compiles at the same time comes late. */
const CONCEALED_SHARE_MAX = 0.3;

/**
 * What a video showed: the mean of each tile's red, green and blue, how many tiles have changed, and the size of the last
 * picture.
 * @typedef {{ tiles: number[], changed: number, size: string }} Look
 */

/**
 * @param {import('./video.js').Page} page
 * @param {string} testId of the video
 * @returns {Promise<Look>}
 */
function look(page, testId) {
  return page.evaluate(
    ({ testId, count, lookMs, across, down, changeMin, withinMs }) =>
      new Promise((resolve, reject) => {
        const video = /** @type {HTMLVideoElement} */ (document.querySelector(`[data-testid="${testId}"]`));
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [across, down];
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
        context.imageSmoothingQuality = 'high';
        const [sums, least, most] = [0, 255, 0].map((value) => Array(across * down * 3).fill(value));
        const until = performance.now() + lookMs;
        let seen = 0;
        const late = setTimeout(() => reject(new Error(`${seen} of ${count} pictures in ${withinMs} ms`)), withinMs);
        const onPicture = () => {
          context.drawImage(video, 0, 0, across, down);
          const { data } = context.getImageData(0, 0, across, down);
          const colours = data.filter((_, index) => index % 4 !== 3);
          colours.forEach((value, index) => {
            sums[index] += value;
            least[index] = Math.min(least[index], value);
            most[index] = Math.max(most[index], value);
          });
          seen += 1;
          if (seen < count || performance.now() < until) return void video.requestVideoFrameCallback(onPicture);
          clearTimeout(late);
          const hasChanged = (/** @type {number} */ tile) =>
            [0, 1, 2].some((colour) => most[tile * 3 + colour] - least[tile * 3 + colour] >= changeMin);
          resolve({
            tiles: sums.map((sum) => sum / seen),
            changed: Array.from({ length: across * down }, (_, tile) => tile).filter(hasChanged).length,
            size: `${video.videoWidth}x${video.videoHeight}`,
          });
        };
        video.requestVideoFrameCallback(onPicture);
      }),
    { testId, count: N_PICTURES, lookMs: LOOK_MS, ...TILES, changeMin: CHANGE_MIN, withinMs: WITHIN_MS },
  );
}

/** The sound that a page has received so far: none before the first packet, of which a page knows nothing. @param {import('./video.js').Page} page */
async function sound(page) {
  const audio = (await statistics(page, 'inbound-rtp')).find(({ kind }) => kind === 'audio');
  return {
    codec: audio?.codec,
    energy: audio?.totalAudioEnergy ?? 0,
    samples: audio?.totalSamplesReceived ?? 0,
    concealed: (audio?.concealedSamples ?? 0) - (audio?.silentConcealedSamples ?? 0),
  };
}

/**
 * The sound that a page has received once it is louder than before, or when it will not be.
 * @param {import('./video.js').Page} page
 * @param {{ energy: number }} before
 */
async function heard(page, before) {
  const until = Date.now() + HEARD_WITHIN_MS;
  for (;;) {
    const after = await sound(page);
    if (after.energy > before.energy || Date.now() > until) return after;
  }
}

/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The page shows what the studio's preview shows, and it moves; and one hears the microphone.
 * @param {import('./video.js').Page} studio
 * @param {import('./video.js').Page} viewer
 * @param {{ size?: string, isUniform?: boolean }} camera the size that is seen in the end, where it is known, and whether
 * its picture is of one colour, which changes
 * @returns {Promise<string>} what was seen, for people
 */
export async function showsTheCamera(studio, viewer, { size, isUniform = false } = {}) {
  const before = await sound(viewer);
  const lookAtBoth = () => Promise.all([look(studio, 'preview'), look(viewer, 'video')]);
  let [sent, seen] = await lookAtBoth();
  const stands = () => Math.min(sent.changed, seen.changed) < CHANGED_TILES_MIN;
  for (let looks = 1; looks < LOOKS_MAX && stands(); looks += 1) [sent, seen] = await lookAtBoth();
  if (size) assert.equal(seen.size, size);

  const difference = mean(seen.tiles.map((value, index) => Math.abs(value - Number(sent.tiles[index]))));
  const differenceMax = isUniform ? DIFFERENCE_MAX_UNIFORM : DIFFERENCE_MAX;
  assert.ok(difference <= differenceMax, `pictures differ from the preview by ${difference.toFixed(1)} of 255`);
  assert.ok(seen.changed >= CHANGED_TILES_MIN, `${seen.changed} tiles have changed, of the preview ${sent.changed}`);
  const contrast = Math.max(...[0, 1, 2].map((colour) => {
    const values = seen.tiles.filter((_, index) => index % 3 === colour);
    return mean(values.map((value) => Math.abs(value - mean(values))));
  }));
  assert.ok(isUniform || contrast >= CONTRAST_MIN, `the picture has one colour (contrast ${contrast.toFixed(1)})`);

  const after = await heard(viewer, before);
  assert.equal(after.codec, 'opus');
  assert.ok(after.energy > before.energy, 'the fake microphone is heard');
  const concealed = (after.concealed - before.concealed) / (after.samples - before.samples);
  assert.ok(concealed <= CONCEALED_SHARE_MAX, `${(concealed * 100).toFixed(0)} % of the sound is made up`);
  return `${seen.size}, ${difference.toFixed(1)} of 255 from the preview, contrast ${contrast.toFixed(0)}, `
    + `${seen.changed} tiles moved; ${(concealed * 100).toFixed(1)} % of the sound made up`;
}
