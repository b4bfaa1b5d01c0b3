// Firefox publishes and Chromium watches, and the reverse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { launchFirefox } from '../src/firefox.js';
import { goLive, reach, watch } from '../src/pages.js';
import { HOME_ADDRESS, startServer } from '../src/server.js';
import { showsTheCamera } from '../src/seen_camera.js';
import { showsTheClock } from '../src/seen_clock.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { pictures, statistics } from '../src/video.js';

/** What the studio sends at best. */
const SIZE = '640x360';
const WITHIN_MS = 30_000;

/** A second of pictures. */
const N_PICTURES = 30;

/** What Firefox has by itself: its H.264 is a plugin that it downloads from Cisco (docs/deviations.md). */
const CODECS = ['VP8', 'VP9', 'AV1'];

/**
 * Waits until the page says that it is in this state. The driver's own `waitForFunction` makes a function from text, which
 * the policy of our pages forbids and Firefox up to 140 at least enforces on drivers too.
 * @param {import('puppeteer-core').Page} page
 * @param {string} state
 */
const reachInFirefox = (page, state) =>
  page.evaluate(
    (wanted, withinMs) =>
      new Promise((resolve, reject) => {
        const isLate = AbortSignal.timeout(withinMs);
        const look = () => {
          const is = window.freshet?.state;
          if (is === wanted) resolve(undefined);
          else if (isLate.aborted) reject(new Error(`the page is ${is}, not ${wanted}`));
          else requestAnimationFrame(look);
        };
        look();
      }),
    state,
    WITHIN_MS,
  );

/**
 * A page in Firefox that is live.
 * @param {import('node:test').TestContext} t
 * @param {import('puppeteer-core').Browser} firefox
 * @param {string} url
 */
async function openInFirefox(t, firefox, url) {
  const page = await firefox.newPage();
  t.after(() => page.close());
  await page.goto(url);
  await reachInFirefox(page, 'live');
  return page;
}

/** The codec that a page plays. @param {import('../src/video.js').Page} page */
async function playedCodec(page) {
  const received = await statistics(page, 'inbound-rtp');
  return received.find(({ kind }) => kind === 'video')?.codec;
}

test('Firefox and Chromium', async (t) => {
  // Firefox pairs no loopback candidate with one that is not: it meets servers beyond its own machine only.
  // Two browsers that encode and decode without a GPU, VP9 three times at once, are all that two cores can do: what is encoded
  // anew for HLS is looked at by itself (transcode.test.js).
  const server = await startServer(t, { mediaAddress: HOME_ADDRESS, transcode: false });
  const [chromium, firefox] = await Promise.all([launchChromium(t), launchFirefox(t)]);
  const studioUrl = (/** @type {string} */ codec, /** @type {string} */ simulcast) =>
    server.studioUrl({ source: 'camera', codec, simulcast, resolution: '640x360', autostart: '1' });

  await t.test('a viewer whose browser lacks the codec is told so', async (t) => {
    await goLive(t, chromium, server, { codec: 'H264', simulcast: '0' });
    const viewer = await firefox.newPage();
    t.after(() => viewer.close());
    await viewer.goto(server.watchUrl());
    await reachInFirefox(viewer, 'failed');
    const told = await viewer.$eval('[data-testid="error"]', (error) => error.textContent);
    assert.match(told ?? '', /The stream comes in H264/);
  });

  await t.test('Firefox waits for a stream, watches it, and goes on when either side reloads', async (t) => {
    const viewer = await firefox.newPage();
    t.after(() => viewer.close());
    await viewer.goto(server.watchUrl());
    await reachInFirefox(viewer, 'waiting');
    const studio = await goLive(t, chromium, server, { codec: 'VP8', simulcast: '0' });
    await reachInFirefox(viewer, 'live');
    await pictures(viewer, N_PICTURES);
    await viewer.reload();
    await reachInFirefox(viewer, 'live');
    await pictures(viewer, N_PICTURES);
    await studio.reload();
    await reach(studio, 'live');
    const { longestMs } = await pictures(viewer, N_PICTURES);
    t.diagnostic(`the longest wait for a picture ${longestMs.toFixed(0)} ms`);
  });

  await t.test('the studio in Firefox reloads, and Chromium watches on', async (t) => {
    const studio = await openInFirefox(t, firefox, studioUrl('VP8', '0'));
    const viewer = await watch(t, chromium, server);
    await reach(viewer, 'live');
    await pictures(viewer, N_PICTURES);
    await studio.reload();
    await reachInFirefox(studio, 'live');
    await pictures(viewer, N_PICTURES);
    assert.equal(await viewer.evaluate(() => window.freshet?.state), 'live');
  });

  /**
   * What Firefox publishes, seen in Chromium: its camera, and then the clock in its place. Firefox takes a smaller size while
   * it is short of time.
   * @param {import('node:test').TestContext} t
   * @param {import('puppeteer-core').Page} studio
   * @param {import('playwright-core').Page} viewer
   * @param {string} codec
   */
  async function showsBoth(t, studio, viewer, codec) {
    t.diagnostic(await showsTheCamera(studio, viewer, { isUniform: true }));
    await studio.select('[data-testid="source-select"]', 'pattern');
    t.diagnostic(await showsTheClock(viewer, { codec }));
    assert.equal(await playedCodec(viewer), codec);
  }

  for (const codec of CODECS) {
    await t.test(`Firefox publishes ${codec}, Chromium watches and listens`, async (t) => {
      const studio = await openInFirefox(t, firefox, studioUrl(codec, '0'));
      const viewer = await watch(t, chromium, server);
      await reach(viewer, 'live');
      await showsBoth(t, studio, viewer, codec);
    });

    await t.test(`Firefox publishes ${codec} with simulcast, Chromium sees the best`, async (t) => {
      const studio = await openInFirefox(t, firefox, studioUrl(codec, '1'));
      const viewer = await watch(t, chromium, server);
      await reach(viewer, 'live');
      await seesTheBestOfThree(studio, viewer);
      await showsBoth(t, studio, viewer, codec);
    });

    await t.test(`Chromium publishes ${codec}, Firefox watches`, async (t) => {
      await goLive(t, chromium, server, { codec, simulcast: '0' });
      const viewer = await openInFirefox(t, firefox, server.watchUrl());
      t.diagnostic(await showsTheClock(viewer, { codec, size: SIZE }));
      assert.equal(await playedCodec(viewer), codec);
    });

    await t.test(`Chromium publishes ${codec} with simulcast, Firefox sees the best`, async (t) => {
      const studio = await goLive(t, chromium, server, { codec, simulcast: '1' });
      const viewer = await openInFirefox(t, firefox, server.watchUrl());
      await seesTheBestOfThree(studio, viewer);
      assert.equal(await playedCodec(viewer), codec);
    });
  }
});
