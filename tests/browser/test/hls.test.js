// The same stream for a mass audience: LL-HLS and DASH, in the players that others made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { reach } from '../src/pages.js';
import { ages, ALL_PLAYERS, seenBy, startPlayer } from '../src/players.js';
import { startServer, STREAM } from '../src/server.js';
import { pictures } from '../src/video.js';

/** Two seconds of pictures begin the looking, and six are looked at. */
const N_WARM_UP = 60;
const N_PICTURES = 180;

/** How old pictures may be, in ms, by what a player aims at; a machine that compiles at the same time adds a part or two. */
const AGE_MAX_MS = { 'hls.js': 3_500, 'Shaka, HLS': 12_000, 'Shaka, DASH': 15_000, 'dash.js': 15_000 };

/**
 * A studio that is live, whose camera is a clock.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {import('../src/server.js').Server} server
 * @param {string} simulcast
 */
async function clockStudio(t, browser, server, simulcast) {
  const page = await newPage(t, browser, { permissions: ['camera', 'microphone'] });
  await page.addInitScript(() => clockSource.becomeCamera());
  const options = { source: 'camera', codec: 'H264', simulcast, resolution: '640x360', autostart: '1' };
  await page.goto(server.studioUrl({ ...options, bitrate: '1200' }));
  await reach(page, 'live');
  return page;
}

/**
 * The media playlist of the best rendition, once the stream can be played. A studio is live a moment before its stream is.
 * @param {import('../src/server.js').Server} server
 */
async function bestPlaylist(server) {
  const stream = `${server.url}/hls/${STREAM.name}/`;
  for (;;) {
    const response = await fetch(`${stream}multivariant.m3u8`);
    const best = /^[0-9a-z]+\/live\.m3u8$/m.exec(await response.text());
    if (response.ok && best) return stream + best[0];
    assert.equal(response.status, 404);
  }
}

/**
 * Waits until so many segments are listed.
 * @param {import('../src/server.js').Server} server
 * @param {number} n
 */
async function segments(server, n) {
  const playlist = await bestPlaylist(server);
  for (let msn = 0; msn < n; msn += 1) {
    assert.equal((await fetch(`${playlist}?_HLS_msn=${msn}`)).status, 200);
  }
}

/** @param {import('playwright-core').Page} page */
async function moves(page) {
  await pictures(page, N_WARM_UP);
  const { stalls } = await seenBy(page);
  const { width, longestMs } = await pictures(page, N_PICTURES);
  return { stalls, words: `${width} px wide, the longest wait for a picture ${longestMs.toFixed(0)} ms` };
}

/** @param {import('playwright-core').Page} page @param {number} ageMaxMs */
async function showsTheTime(page, ageMaxMs) {
  await ages(page, N_WARM_UP);
  const { stalls } = await seenBy(page);
  const { p50, p95 } = await ages(page, N_PICTURES);
  assert.ok(p50 > 300 && p50 < ageMaxMs, `p50 ${p50} ms`);
  return { stalls, words: `p50 ${p50.toFixed(0)} ms old, p95 ${p95.toFixed(0)}` };
}

for (const name of ALL_PLAYERS) {
  test(`${name} plays what a browser publishes as H.264 simulcast`, async (t) => {
    const browser = await launchChromium(t);
    const server = await startServer(t, { latency: 'low' });
    await clockStudio(t, browser, server, '1');
    // Shaka takes what comes next for a segment, while there are few (docs/deviations.md); players of DASH begin with so many.
    if (name !== 'hls.js') await segments(server, 6);
    const page = await startPlayer(t, browser, server, name);
    // dash.js begins with the smallest picture, in which no clock can be read, and far behind.
    const told = name === 'dash.js' ? await moves(page) : await showsTheTime(page, AGE_MAX_MS[name]);
    const { failures, stalls, firstMs } = await seenBy(page);
    const later = stalls - told.stalls;
    t.diagnostic(`first picture ${firstMs.toFixed(0)} ms, then ${told.words}, ${stalls} stalls, ${later} after the beginning`);
    assert.deepEqual(failures, []);
    // The first player of a stream begins with half a second of it.
    assert.ok(later <= 2, `it stood still ${later} times`);
  });
}

test('hls.js goes on when the publisher reloads its page', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t, { latency: 'low' });
  const studio = await clockStudio(t, browser, server, '0');
  const page = await startPlayer(t, browser, server, 'hls.js');
  await ages(page, N_WARM_UP);
  await studio.reload();
  await reach(studio, 'live');
  await ages(page, N_WARM_UP);
  const { p50 } = await ages(page, N_PICTURES);
  const { failures } = await seenBy(page);
  const text = await (await fetch(await bestPlaylist(server))).text();
  assert.ok(!text.includes('#EXT-X-ENDLIST'), text);
  assert.ok(text.includes('#EXT-X-DISCONTINUITY\n'), text);
  t.diagnostic(`p50 ${p50.toFixed(0)} ms old`);
  assert.deepEqual(failures, []);
  assert.ok(p50 < AGE_MAX_MS['hls.js'] + 2_000, `p50 ${p50} ms`);
});
