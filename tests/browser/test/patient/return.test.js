// Whom WHEP did not reach watches by HLS, and is back at WHEP by itself once it does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { packetFilter } from '../../src/network.js';
import { goLive, watch } from '../../src/pages.js';
import { startServer } from '../../src/server.js';
import { path, pictures } from '../../src/video.js';

/** Half a minute is rested, the longest first time, and a session is made (web-client/src/page/watch/watching.ts). */
const RETURN_WITHIN_MS = 45_000;

/** @param {import('playwright-core').Page} page @param {string} way */
const plays = (page, way, timeout = RETURN_WITHIN_MS) =>
  page.waitForFunction((way) => window.freshet?.via === way && window.freshet.state === 'live', way, { timeout });

test('who is cut off from the SFU for a while is back at WHEP without asking', async (t) => {
  const server = await startServer(t);
  const filter = await packetFilter(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server);
  const viewer = await watch(t, browser, server);
  await plays(viewer, 'whep');
  await viewer.getByTestId('way').waitFor();
  await filter.cutPortBut(server.icePort, (await path(studio)).local.port);
  await plays(viewer, 'hls');
  await pictures(viewer, 30);
  const menu = viewer.getByTestId('way-menu');
  assert.equal(await menu.inputValue(), 'hls');
  await filter.mend();
  await plays(viewer, 'whep');
  await pictures(viewer, 30);
  assert.equal(await menu.inputValue(), 'whep');
});
