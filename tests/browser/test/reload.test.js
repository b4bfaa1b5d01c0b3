// Either side reloads its page, and the picture comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer, STREAM } from '../src/server.js';
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

/** What a server allows that nobody has configured. */
const STARTS_PER_MINUTE = 3;

/** From the reload to live again: a person who pressed the key by mistake has lost no more. */
const LIVE_AGAIN_MAX_MS = 2000;

test('a studio is reloaded six times within a minute, and is live again each time', async (t) => {
  const server = await startServer(t, { startsPerMinute: STARTS_PER_MINUTE });
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { simulcast: '0' });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  const answers = /** @type {string[]} */ ([]);
  studio.on('response', (response) => {
    const [method, url] = [response.request().method(), response.url()];
    if (method === 'POST' && new URL(url).pathname === `/whip/${STREAM.name}`) answers.push(`${method} ${response.status()}`);
  });
  const began = performance.now();
  for (let reload = 1; reload <= 6; reload += 1) {
    const reloaded = performance.now();
    await studio.reload({ waitUntil: 'commit' });
    await reach(studio, 'live');
    const tookMs = performance.now() - reloaded;
    t.diagnostic(`reload ${reload}: live again after ${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs <= LIVE_AGAIN_MAX_MS, `reload ${reload} took ${tookMs} ms`);
    await pictures(viewer, N_PICTURES);
  }
  assert.ok(performance.now() - began < 60_000, 'within a minute');
  assert.deepEqual(answers, Array(6).fill('POST 201'));
});

test('a studio that is left ends its session at once', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await newPage(t, browser);
  await studio.goto(server.studioUrl({ source: 'pattern', resolution: '640x360' }));
  await studio.getByTestId('go-live').click();
  await reach(studio, 'live');
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);

  await studio.goto(server.url);
  await studio.getByTestId('empty').waitFor();
  await reach(viewer, 'stalled');
  // Who comes back by the browser's history has left: a camera does not go live by surprise.
  await studio.goBack();
  await reach(studio, 'idle');
  await studio.getByTestId('go-live').click();
  await reach(studio, 'live');
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);
});
