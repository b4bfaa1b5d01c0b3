// Everything that people do with a mouse, done without one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { tabTo } from '../../src/keyboard.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { STREAM, startServer } from '../../src/server.js';
import { pictures, statistics } from '../../src/video.js';

const N_PICTURES = 30;

test('a person goes live by keyboard, and stops', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await newPage(t, browser);
  const { keyboard } = page;
  await page.goto(`${server.url}/studio/${STREAM.name}`);

  await tabTo(page, 'source-select');
  // Camera, screen, pattern: nothing may pop up on the way.
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await pictures(page, N_PICTURES, 'preview');
  await tabTo(page, 'key-input');
  await keyboard.type(STREAM.key);
  await tabTo(page, 'resolution-select');
  await keyboard.press('End');
  await tabTo(page, 'codec-select');
  await keyboard.type('VP8');
  await tabTo(page, 'simulcast-toggle');
  await keyboard.press('Space');
  await keyboard.press('Space');
  await tabTo(page, 'go-live');
  await keyboard.press('Enter');
  await reach(page, 'live');

  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  const { width } = /** @type {{ width: number }} */ (await pictures(viewer, N_PICTURES));
  assert.equal(width, 640, 'the resolution is the last of the list');
  const [sent] = (await statistics(page, 'outbound-rtp')).filter(({ kind }) => kind === 'video');
  assert.equal(sent?.codec, 'VP8');
  assert.equal(sent?.rid, undefined, 'the toggle was pressed twice');

  // The button that goes live has become the one that stops, and the focus stayed.
  await keyboard.press('Space');
  await reach(page, 'idle');
  await reach(viewer, 'stalled');
  await keyboard.press('Enter');
  await reach(page, 'live');
});

test('a person watches by keyboard', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await watch(t, browser, server);
  const { keyboard } = page;
  const video = () => page.getByTestId('video').evaluate((element) => {
    const { paused, muted, volume } = /** @type {HTMLVideoElement} */ (element);
    return { paused, muted, percent: Math.round(volume * 100) };
  });

  await reach(page, 'waiting');
  await tabTo(page, 'retry');
  const asked = page.waitForRequest((request) => request.method() === 'POST');
  await keyboard.press('Enter');
  await asked;
  const studio = await goLive(t, browser, server);
  await reach(page, 'live');
  await pictures(page, N_PICTURES);
  assert.deepEqual(await video(), { paused: false, muted: false, percent: 100 });

  await t.test('stops and starts', async () => {
    await tabTo(page, 'play-toggle');
    await keyboard.press('Space');
    assert.equal((await video()).paused, true);
    await keyboard.press('Enter');
    await pictures(page, N_PICTURES);
    assert.equal((await video()).paused, false);
  });

  await t.test('mutes, and turns the volume down', async () => {
    await tabTo(page, 'mute-toggle');
    await keyboard.press('Enter');
    assert.equal((await video()).muted, true);
    await keyboard.press('Space');
    assert.equal((await video()).muted, false);
    await tabTo(page, 'volume');
    for (let press = 0; press < 10; press += 1) await keyboard.press('ArrowLeft');
    assert.equal((await video()).percent, 90);
  });

  await t.test('opens the figures and closes them', async () => {
    const panel = page.getByTestId('stats');
    await tabTo(page, 'stats-toggle');
    await keyboard.press('Enter');
    await panel.locator('[data-figure="codec"]', { hasText: 'H.264' }).waitFor();
    await keyboard.press('Space');
    await panel.waitFor({ state: 'hidden' });
  });

  await t.test('has a key for each of these', async () => {
    await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
    await keyboard.press('Space');
    assert.equal((await video()).paused, true);
    await keyboard.press('k');
    assert.equal((await video()).paused, false);
    await keyboard.press('m');
    assert.equal((await video()).muted, true);
    await keyboard.press('ArrowUp');
    assert.deepEqual(await video(), { paused: false, muted: false, percent: 95 });
    await keyboard.press('s');
    await page.getByTestId('stats').waitFor();
    await keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement?.id === 'stage');
    await keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement === null);
    await pictures(page, N_PICTURES);
  });
});

test('a focus that cannot be seen is found', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await newPage(t, browser);
  await page.goto(server.url);
  const field = page.getByTestId('stream-name');
  const spoil = (/** @type {Record<string, string>} */ style) =>
    field.evaluate((input, style) => Object.assign(input.style, style), style);
  await assert.rejects(tabTo(page, 'no-such-control'), /Tab does not lead to/);
  await tabTo(page, 'stream-name');
  for (const [property, value] of [['outline', 'none'], ['opacity', '0'], ['pointerEvents', 'none']]) {
    await spoil({ outline: '', opacity: '', pointerEvents: '', [`${property}`]: `${value}` });
    await page.keyboard.press('Shift+Tab');
    await assert.rejects(tabTo(page, 'stream-name'), /the focus on stream-name is seen/);
  }
});
