// The path of the media is cut, and the media finds another: by an ICE restart, in the same session.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { packetFilter } from '../src/network.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { path, pictures } from '../src/video.js';

const N_PICTURES = 30;

/** Requests of a page to a WHIP or WHEP session, as `METHOD status`. @param {import('playwright-core').Page} page */
function signalingOf(page) {
  const seen = /** @type {string[]} */ ([]);
  page.on('response', (response) => {
    if (/\/(whip|whep)\//.test(response.url())) seen.push(`${response.request().method()} ${response.status()}`);
  });
  return seen;
}

for (const side of ['publisher', 'viewer']) {
  test(`the path of the ${side} is cut, and an ICE restart finds another`, async (t) => {
    const server = await startServer(t);
    const browser = await launchChromium(t);
    const studio = await goLive(browser, server);
    const viewer = await watch(browser, server);
    await reach(viewer, 'live');
    await pictures(viewer, N_PICTURES);

    const page = side === 'publisher' ? studio : viewer;
    const signaling = signalingOf(page);
    const before = await path(page);
    const filter = await packetFilter(t);
    await filter.cutUdpPort(before.local.port);
    await reach(page, 'recovering');
    await reach(page, 'live');
    await pictures(viewer, N_PICTURES);

    const after = await path(page);
    assert.notEqual(after.local.port, before.local.port, 'media takes another path');
    assert.ok(signaling.includes('PATCH 200'), `no ICE restart in ${signaling}`);
    assert.ok(!signaling.some((line) => line.startsWith('POST')), 'the session is the same');
  });
}
