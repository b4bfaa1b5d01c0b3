// Joins: from the WHEP POST of a page to the first picture that its decoder gave out.
import { newPage } from '../chromium.js';
import { reach } from '../pages.js';

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server a stream is live on it
 * @param {number} count of joins, one after another
 * @returns {Promise<number[]>} ms
 */
export async function measureJoins(browser, server, count) {
  const page = await newPage(browser);
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
      const posts = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/whep/'));
      const first = posts[0];
      if (!first) throw new Error('the page has made no request to /whep/');
      return (window.firstPictureAt ?? Number.NaN) - first.startTime;
    }));
  }
  await page.context().close();
  return samples;
}
