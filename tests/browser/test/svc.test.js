// One stream with three sizes inside (SVC): a viewer gets the largest, takes less of it when it asks for less, and its decoder
// never notices that something is left out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { launchFirefox } from '../src/firefox.js';
import { goLive, reach } from '../src/pages.js';
import { HOME_ADDRESS, startServer, STREAM } from '../src/server.js';
import { pictures, statistics } from '../src/video.js';

/** The encoder brings its layers up one after another, and two cores encode three. */
const WITHIN_MS = 30_000;

/** As long a wait for a picture as a change of layers may cost: a keyframe is asked for, made, and sent. */
const STILL_MS_MAX = 1_500;

/** Encoders round sizes so that each divides into blocks. */
const ROUNDED_PX = 4;

/** @param {import('../src/video.js').Page} page @param {number} height */
async function showsHeight(page, height) {
  const until = Date.now() + WITHIN_MS;
  let [seen, longestMs] = [0, 0];
  const isThere = () => Math.abs(seen - height) <= ROUNDED_PX;
  while (!isThere() && Date.now() < until) {
    const shown = await pictures(page, 3);
    seen = shown.height;
    longestMs = Math.max(longestMs, shown.longestMs);
  }
  assert.ok(isThere(), `${seen} px high, not ${height}`);
  return longestMs;
}

/** @param {import('../src/video.js').Page} page */
async function video(page) {
  const received = await statistics(page, 'inbound-rtp');
  const [video] = received.filter(({ kind }) => kind === 'video');
  assert.ok(video);
  return video;
}

/** The lowest of three frame rates is a quarter of 30; machines that are short of time make fewer than 30. */
const FPS_LOWEST_MAX = 10;

/** Two seconds, or eight at the lowest frame rate. */
const N_PICTURES = 60;

/** Bytes a second, and frames. @param {import('playwright-core').Page} page */
async function flow(page) {
  const before = await video(page);
  await pictures(page, N_PICTURES);
  const after = await video(page);
  const seconds = (after.timestamp - before.timestamp) / 1000;
  return {
    kbps: ((after.bytesReceived - before.bytesReceived) * 8) / 1000 / seconds,
    fps: (after.framesDecoded - before.framesDecoded) / seconds,
  };
}

/** Where a layer is selected, from the answer that opened the session. @param {import('playwright-core').Response} opened */
function layerUrl(opened) {
  const link = opened.headers().link ?? '';
  const [, target] = /<([^>]*)>; rel="urn:ietf:params:whep:ext:core:layer"/.exec(link) ?? [];
  assert.ok(target, link);
  return new URL(target, opened.url());
}

/** Chromium makes as many sizes as leave the smallest 240 by 135 pixels. */
const STREAMS = [
  { codec: 'VP9', resolution: '960x540', heights: [135, 270, 540] },
  { codec: 'AV1', resolution: '640x360', heights: [180, 360] },
];

for (const { codec, resolution, heights } of STREAMS) {
  test(`sizes inside one ${codec} stream are chosen`, async (t) => {
    const server = await startServer(t, { transcode: false });
    const browser = await launchChromium(t);
    const studio = await goLive(t, browser, server, { codec, resolution, simulcast: 'svc' });
    const viewer = await newPage(t, browser);
    const opened = viewer.waitForResponse((response) => response.status() === 201);
    await viewer.goto(server.watchUrl(STREAM.name));
    await reach(viewer, 'live');
    const [low, best] = [heights[0] ?? 0, heights.at(-1) ?? 0];
    await showsHeight(viewer, best);
    const [sent] = (await statistics(studio, 'outbound-rtp')).filter(({ kind }) => kind === 'video');
    assert.match(sent?.scalabilityMode, /^L[23]T3_KEY$/);

    const values = heights.map((_, index) => `spatial-${index}`).reverse();
    await viewer.waitForFunction((values) => {
      const menu = /** @type {HTMLSelectElement} */ (document.querySelector('[data-testid="quality-menu"]'));
      return [...menu.options].map(({ value }) => value).join() === ['', ...values].join();
    }, values);

    const menu = viewer.getByTestId('quality-menu');
    await menu.selectOption('spatial-0');
    const waits = [await showsHeight(viewer, low)];
    const atLow = await flow(viewer);

    await menu.selectOption('spatial-1');
    waits.push(await showsHeight(viewer, heights[1] ?? 0));
    await menu.selectOption('');
    waits.push(await showsHeight(viewer, best));
    const atBest = await flow(viewer);
    assert.ok(atLow.kbps < atBest.kbps * 0.75, `${atLow.kbps} kbit/s of ${atBest.kbps}`);
    assert.ok(atLow.fps > FPS_LOWEST_MAX, 'a smaller size has all pictures');
    for (const ms of waits) assert.ok(ms < STILL_MS_MAX, `still for ${ms} ms`);
    // No menu has frame rates, but a player may ask for one.
    const selection = layerUrl(await opened);
    const asked = await fetch(selection, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ temporalLayerId: 0 }),
    });
    assert.equal(asked.status, 200);
    await viewer.getByTestId('quality-why').filter({ hasText: 'chosen' }).waitFor();
    const slow = await flow(viewer);
    assert.ok(slow.fps < FPS_LOWEST_MAX, `${slow.fps} pictures a second`);
    await showsHeight(viewer, best);

    const { pliCount, freezeCount } = await video(viewer);
    t.diagnostic(
      `${codec}: ${Math.round(atBest.kbps)} and ${Math.round(atLow.kbps)} kbit/s, ` +
        `still for ${waits.map(Math.round).join(', ')} ms, ${pliCount} PLI, ${freezeCount} freezes`,
    );
    assert.equal(pliCount, 0, 'the decoder misses nothing');
  });
}

// It negotiates no Dependency Descriptor, without which only VP9 tells sizes apart.
test('Firefox gets the largest size of VP9, and the smallest of AV1', async (t) => {
  const server = await startServer(t, { mediaAddress: HOME_ADDRESS, transcode: false });
  const chromium = await launchChromium(t);
  const firefox = await launchFirefox(t);
  for (const [codec, height] of /** @type {const} */ ([['VP9', 360], ['AV1', 180]])) {
    const studio = await goLive(t, chromium, server, { codec, resolution: '640x360', simulcast: 'svc' });
    const viewer = await firefox.newPage();
    await viewer.goto(server.watchUrl(STREAM.name));
    await showsHeight(viewer, height);
    const { height: still } = await pictures(viewer, N_PICTURES);
    assert.equal(still, height);
    const { framesReceived, framesDecoded } = await video(viewer);
    assert.ok(framesReceived - framesDecoded < 10, `${framesDecoded} of ${framesReceived} frames decoded`);
    await viewer.close();
    await studio.close();
  }
});
