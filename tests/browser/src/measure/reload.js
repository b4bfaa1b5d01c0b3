// Reload: from the new POST of a studio page to the first picture of its new session on a watch page.
import { clockStudio } from '../clock_studio.js';
import { reach, watch } from '../pages.js';

/**
 * @param {import('playwright-core').Browser} browser
 * @param {import('../server.js').Server} server nobody publishes on it
 * @param {number} count of reloads, one after another
 * @returns {Promise<number[]>} ms
 */
export async function measureReloads(browser, server, count) {
  const studio = await clockStudio(null, browser, server);
  const viewer = await watch(null, browser, server);
  await reach(viewer, 'live');
  const samples = [];
  for (let reload = 0; reload < count; reload += 1) {
    await viewer.evaluate(noteDrawnPictures);
    await studio.reload();
    await reach(studio, 'live');
    const postedAt = await studio.evaluate(() => {
      const requests = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'));
      const post = requests.find(({ name }) => name.includes('/whip/'));
      if (post?.responseStatus !== 201) throw new Error(`the first POST was answered ${post?.responseStatus}`);
      return performance.timeOrigin + post.startTime;
    });
    // A picture of the new session is one that was drawn after its POST.
    const seenAt = await viewer.waitForFunction(
      (postedAt) => window.drawnPictures?.find(({ drawnAt }) => drawnAt > postedAt)?.seenAt,
      postedAt,
    );
    samples.push((await seenAt.jsonValue() ?? Number.NaN) - postedAt);
  }
  await viewer.context().close();
  await studio.context().close();
  return samples;
}

/** Runs in the watch page: keeps when each picture was drawn and seen, in wall time. */
function noteDrawnPictures() {
  const isRunning = window.drawnPictures !== undefined;
  window.drawnPictures = [];
  if (isRunning) return;
  const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
  const onPicture = () => {
    const [age, seenAt] = [clockStrip.age(video), clockStrip.now()];
    if (age !== null) window.drawnPictures?.push({ drawnAt: seenAt - age, seenAt });
    video.requestVideoFrameCallback(onPicture);
  };
  video.requestVideoFrameCallback(onPicture);
}
