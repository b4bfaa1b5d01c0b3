// From the POST of a publisher to what players of HLS have of it: the first playlist with pictures, and the first picture.
import { clockStudio } from '../clock_studio.js';
import { seenBy, startPlayer } from '../players.js';
import { multivariant } from '../playlists.js';
import { startServer } from '../server.js';
import { pictures } from '../video.js';

/**
 * Each time with a server of its own, on which nobody has published before.
 * @param {import('playwright-core').Browser} browser
 * @param {number} count of publishers, one after another
 * @returns {Promise<{ playable: number[], shown: number[] }>} ms from the POST
 */
export async function measurePlayable(browser, count) {
  const [playable, shown] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let publisher = 0; publisher < count; publisher += 1) {
    const server = await startServer();
    const listedAt = multivariant(server, /RESOLUTION/).then(() => Date.now());
    const studio = await clockStudio(null, browser, server, { simulcast: '1' });
    const at = await listedAt;
    const player = await startPlayer(null, browser, server, 'hls.js');
    await pictures(player, 1);
    // A picture may be shown a moment before the player says that it plays.
    await player.waitForFunction(() => !Number.isNaN(/** @type {any} */ (window).seen.firstMs));
    const { firstMs } = await seenBy(player);
    const postedAt = await studio.evaluate(() => {
      const requests = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'));
      const post = requests.find(({ name }) => name.includes('/whip/'));
      return performance.timeOrigin + (post?.startTime ?? Number.NaN);
    });
    playable.push(at - postedAt);
    shown.push(at - postedAt + firstMs);
    for (const page of [studio, player]) await page.context().close();
    await server.stop();
  }
  return { playable, shown };
}
