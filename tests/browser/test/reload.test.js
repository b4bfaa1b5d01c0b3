// Either side reloads its page, and the picture comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { pictures } from '../src/video.js';

const N_PICTURES = 30;

test('a page is reloaded', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);

  await t.test('by the viewer', async () => {
    await viewer.reload();
    await reach(viewer, 'live');
    await pictures(viewer, N_PICTURES);
  });

  await t.test('by the publisher, and the viewer sees video again in its old session', async () => {
    const posts = /** @type {string[]} */ ([]);
    viewer.on('request', (request) => {
      if (request.method() === 'POST') posts.push(request.url());
    });
    await studio.reload();
    await reach(studio, 'live');
    await pictures(viewer, N_PICTURES);
    assert.deepEqual(posts, [], 'the viewer needed no new session');
  });
});
