// Joins: from the WHEP POST of a page to the first picture that its decoder gave out.
import { newPage } from '../chromium.js';
import { reach } from '../pages.js';
import { pictures } from '../video.js';

/**
 * Pictures between a join and the next: two thirds of a second to one and a half. A publishing Chromium answers no keyframe
 * request within 300 ms of the last one, so joins in a row would measure each other: as would those of a crowd, whom one
 * keyframe serves. They are not evenly spaced, for segments of HLS begin with keyframes too, about as often.
 */
const picturesBetween = (/** @type {number} */ join) => 20 + ((join * 7) % 25);

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server a stream is live on it
 * @param {number} count of joins, one after another
 * @returns {Promise<number[]>} ms
 */
export async function measureJoins(browser, server, count) {
  const page = await newPage(null, browser);
  await page.addInitScript(() => {
    addEventListener('DOMContentLoaded', () => {
      const video = /** @type {HTMLVideoElement | null} */ (document.querySelector('[data-testid="video"]'));
      video?.requestVideoFrameCallback((now) => {
        window.firstPictureAt = now;
      });
    });
  });
  const samples = [];
  for (let join = 0; join < count; join += 1) {
    await page.goto(server.watchUrl());
    await reach(page, 'live');
    await page.waitForFunction(() => window.firstPictureAt !== undefined);
    samples.push(await page.evaluate(() => {
      const requests = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'));
      const post = requests.find(({ name }) => name.includes('/whep/'));
      if (post?.responseStatus !== 201) throw new Error(`the first POST was answered ${post?.responseStatus}`);
      return (window.firstPictureAt ?? Number.NaN) - post.startTime;
    }));
    await pictures(page, picturesBetween(join));
  }
  await page.context().close();
  return samples;
}
