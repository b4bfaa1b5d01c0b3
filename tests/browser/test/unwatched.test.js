// A layer nobody watches is not sent, and is back when somebody comes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { statistics } from '../src/video.js';

/** The server waits five seconds before it says that nobody watches; two busy cores take their time over the rest. */
const WITHIN_MS = 30_000;

/** Frames sent so far, by rid. @param {import('playwright-core').Page} studio */
async function framesSent(studio) {
  const sent = await statistics(studio, 'outbound-rtp');
  const video = sent.filter(({ kind }) => kind === 'video');
  return Object.fromEntries(video.map(({ rid, framesSent }) => [rid, framesSent ?? 0]));
}

/**
 * Waits until only these encodings send pictures, for two seconds.
 * @param {import('playwright-core').Page} studio
 * @param {string[]} wanted
 */
async function sendsOnly(studio, wanted) {
  const until = Date.now() + WITHIN_MS;
  let moving = /** @type {string[]} */ ([]);
  while (Date.now() < until) {
    const before = await framesSent(studio);
    await studio.waitForTimeout(2_000);
    const after = await framesSent(studio);
    moving = Object.keys(after).filter((rid) => after[rid] > (before[rid] ?? 0)).sort();
    if (moving.join() === [...wanted].sort().join()) return;
  }
  assert.deepEqual(moving, [...wanted].sort(), 'encodings that send pictures');
}

test('layers that nobody watches are not sent until somebody comes', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { simulcast: '1' });
  await sendsOnly(studio, ['q']);

  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await seesTheBestOfThree(studio, viewer);
  await sendsOnly(studio, ['q', 'h', 'f']);

  // Whoever chooses a lower one needs none above it.
  await viewer.getByTestId('quality-menu').selectOption('h');
  await sendsOnly(studio, ['q', 'h']);
  await viewer.getByTestId('quality-menu').selectOption('');
  await seesTheBestOfThree(studio, viewer);

  await viewer.close();
  await sendsOnly(studio, ['q']);
});
