// Glass to glass: how old a picture is when it is shown, through Freshet and from a page to itself.
import { newPage } from '../chromium.js';
import { BITRATE_KBPS, clockStudio } from '../clock_studio.js';
import { reach, watch } from '../pages.js';

/** The encoder and the jitter buffer of a new connection settle in two seconds. */
const N_WARM_UP = 60;

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server
 * @param {{ codec: string, rounds: number, nPictures: number }} plan rounds of both alternate, each of so many pictures
 */
export async function measureGlass(browser, server, { codec, rounds, nPictures }) {
  const [floor, freshet] = [newSamples(), newSamples()];
  for (let round = 0; round < rounds; round += 1) {
    add(floor, await floorRound(browser, codec, nPictures));
    add(freshet, await freshetRound(browser, server, codec, nPictures));
  }
  return { floor, freshet };
}

const newSamples = () => ({ ages: /** @type {number[]} */ ([]), unreadable: 0 });

/** @typedef {ReturnType<typeof newSamples>} Samples */

/** @param {Samples} all @param {Samples} more */
function add(all, more) {
  all.ages.push(...more.ages);
  all.unreadable += more.unreadable;
}

/** @param {import('playwright-core').Browser} browser @param {string} codec @param {number} count */
async function floorRound(browser, codec, count) {
  const page = await newPage(null, browser);
  await page.goto('about:blank');
  const samples = await page.evaluate(
    async ({ codec, bitrate, warmUp, count }) => {
      const video = await loopbackVideo(codec, bitrate);
      await pictureAges(video, warmUp);
      return pictureAges(video, count);
    },
    { codec, bitrate: BITRATE_KBPS * 1000, warmUp: N_WARM_UP, count },
  );
  await page.context().close();
  return samples;
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server
 * @param {string} codec
 * @param {number} count
 */
async function freshetRound(browser, server, codec, count) {
  const studio = await clockStudio(null, browser, server, { codec });
  const viewer = await watch(null, browser, server);
  await reach(viewer, 'live');
  const samples = await viewer.evaluate(
    async ({ warmUp, count }) => {
      const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
      await pictureAges(video, warmUp);
      return pictureAges(video, count);
    },
    { warmUp: N_WARM_UP, count },
  );
  await viewer.context().close();
  await studio.context().close();
  return samples;
}
