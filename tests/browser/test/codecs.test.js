// Every codec, single encoding and simulcast, from a camera and from the clock, from one page to another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { showsTheCamera } from '../src/seen_camera.js';
import { showsTheClock } from '../src/seen_clock.js';
import { startServer } from '../src/server.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { statistics } from '../src/video.js';

/** What the studio sends at best (src/pages.js). */
const SIZE = '640x360';

test('a stream is watched', async (t) => {
  // What is encoded anew for HLS is looked at by itself (transcode.test.js).
  const server = await startServer(t, { transcode: false });
  const browser = await launchChromium(t);
  /** @param {import('playwright-core').Page} viewer */
  const codecOf = async (viewer) =>
    (await statistics(viewer, 'inbound-rtp')).find(({ kind }) => kind === 'video')?.codec;

  for (const codec of ['H264', 'VP8', 'VP9', 'AV1']) {
    await t.test(`the camera, then the clock in ${codec}`, async (t) => {
      const studio = await goLive(t, browser, server, { source: 'camera', codec, simulcast: '0' });
      const viewer = await watch(t, browser, server);
      await reach(viewer, 'live');
      t.diagnostic(await showsTheCamera(studio, viewer, { size: SIZE }));
      await studio.getByTestId('source-select').selectOption('pattern');
      t.diagnostic(await showsTheClock(viewer, { codec, size: SIZE }));
      assert.equal(await codecOf(viewer), codec);
    });

    await t.test(`the camera, then the clock in ${codec} with simulcast, at the size of the best encoding`, async (t) => {
      const studio = await goLive(t, browser, server, { source: 'camera', codec, simulcast: '1' });
      const viewer = await watch(t, browser, server);
      await reach(viewer, 'live');
      await seesTheBestOfThree(studio, viewer);
      t.diagnostic(await showsTheCamera(studio, viewer));
      await studio.getByTestId('source-select').selectOption('pattern');
      t.diagnostic(await showsTheClock(viewer, { codec, size: await seesTheBestOfThree(studio, viewer) }));
      assert.equal(await codecOf(viewer), codec);
    });
  }
});
