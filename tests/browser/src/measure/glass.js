// Glass to glass: how old a picture is when it is shown, through Freshet and from a page to itself.
import { newPage } from '../chromium.js';
import { reach, watch } from '../pages.js';

/** What both ways encode with: the studio's bitrate for 360 lines would do as well, but must be the same. */
const BITRATE_KBPS = 1500;
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
 * A studio whose camera is the clock, live.
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server
 */
export async function clockStudio(browser, server, codec = 'H264') {
  const page = await newPage(null, browser, { permissions: ['camera', 'microphone'] });
  await page.addInitScript(() => clockSource.becomeCamera());
  const options = { source: 'camera', codec, simulcast: '0', resolution: '640x360', autostart: '1' };
  await page.goto(server.studioUrl({ ...options, bitrate: String(BITRATE_KBPS) }));
  await reach(page, 'live');
  return page;
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server
 * @param {string} codec
 * @param {number} count
 */
async function freshetRound(browser, server, codec, count) {
  const studio = await clockStudio(browser, server, codec);
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
