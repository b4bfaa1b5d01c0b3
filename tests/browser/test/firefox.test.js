// Firefox publishes and Chromium watches, and the reverse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { launchFirefox } from '../src/firefox.js';
import { goLive, reach, watch } from '../src/pages.js';
import { HOME_ADDRESS, startServer } from '../src/server.js';
import { pictures, statistics } from '../src/video.js';

const N_PICTURES = 60;
const WITHIN_MS = 30_000;

/** @param {import('puppeteer-core').Page} page @param {string} state */
const reachInFirefox = (page, state) =>
  page.waitForFunction((wanted) => window.freshet?.state === wanted, { timeout: WITHIN_MS }, state);

test('Firefox and Chromium', async (t) => {
  // Firefox pairs no loopback candidate with one that is not: it meets servers beyond its own machine only.
  const server = await startServer(t, { mediaAddress: HOME_ADDRESS });
  const [chromium, firefox] = await Promise.all([launchChromium(t), launchFirefox(t)]);

  for (const codec of ['VP8', 'VP9']) {
    await t.test(`Firefox publishes ${codec}, Chromium watches`, async (t) => {
      const studio = await firefox.newPage();
      const options = { source: 'camera', codec, simulcast: '0', resolution: '640x360', autostart: '1' };
      await studio.goto(server.studioUrl(options));
      await reachInFirefox(studio, 'live');
      const viewer = await watch(t, chromium, server);
      await reach(viewer, 'live');
      await pictures(viewer, N_PICTURES);
      const [video] = (await statistics(viewer, 'inbound-rtp')).filter(({ kind }) => kind === 'video');
      assert.equal(video?.codec, codec);
      await studio.close();
    });

    await t.test(`Chromium publishes ${codec}, Firefox watches`, async (t) => {
      const studio = await goLive(t, chromium, server, { codec, simulcast: '0' });
      const viewer = await firefox.newPage();
      await viewer.goto(server.watchUrl());
      await reachInFirefox(viewer, 'live');
      await pictures(viewer, N_PICTURES);
      const [video] = (await statistics(viewer, 'inbound-rtp')).filter(({ kind }) => kind === 'video');
      assert.equal(video?.codec, codec);
      await viewer.close();
    });
  }
});
