// The same stream for a mass audience: LL-HLS and DASH, in the players that others made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium, newPage } from '../src/chromium.js';
import { reach } from '../src/pages.js';
import { ages, ALL_PLAYERS, seenBy, startPlayer } from '../src/players.js';
import { startServer, STREAM } from '../src/server.js';
import { pictures } from '../src/video.js';

/** Two seconds of pictures begin the looking, four are looked at, and of two the clock is read. */
const N_WARM_UP = 60;
const N_PICTURES = 120;
const N_CLOCKS = 60;

/** How long the publisher does what no player may mind: goes on, and is silent. */
const N_UNTOUCHED = 450;
const N_SILENT = 150;

/** How long a stream that is live may take until it can be played, and how often it is asked. */
const PLAYABLE_WITHIN_MS = 20_000;
const POLL_MS = 100;

/** How old pictures may be, in ms, by what a player aims at; a machine that compiles at the same time adds a part or two. */
const AGE_MAX_MS = { 'hls.js': 5_000, 'Shaka, HLS': 9_000 };

/** How often a player may stand still, of its own accord and where the publisher was away. */
const STALLS_MAX = 2;

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
  const until = Date.now() + PLAYABLE_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${stream}multivariant.m3u8`);
    const text = await response.text();
    const best = /^[0-9a-z]+\/live\.m3u8$/m.exec(text);
    if (response.ok && best) return stream + best[0];
    assert.equal(response.status, 404);
    assert.ok(Date.now() < until, text);
    await sleep(POLL_MS);
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

/** In a smaller picture the clock cannot be read: a player may choose it where a machine is busy. */
const READABLE_PX = 320;

/**
 * What a player shows now: how old it is, where the clock in it can be read. Players of DASH stay some ten seconds behind, about
 * as far as the clock tells.
 * @param {import('playwright-core').Page} page
 * @param {import('../src/players.js').Player} name
 */
async function shows(page, name) {
  const { width, longestMs } = await pictures(page, N_PICTURES);
  const told = `${width} px wide, the longest wait for a picture ${longestMs.toFixed(0)} ms`;
  if ((name !== 'hls.js' && name !== 'Shaka, HLS') || width < READABLE_PX) return told;
  const { p50, p95 } = await ages(page, N_CLOCKS);
  assert.ok(p50 > 300 && p50 < AGE_MAX_MS[name], `p50 ${p50} ms`);
  return `${told}, p50 ${p50.toFixed(0)} ms old, p95 ${p95.toFixed(0)}`;
}

/**
 * One player's minute: what it showed when it was looked at, and how often it had stood still by then.
 * @typedef {{ name: import('../src/players.js').Player, page: import('playwright-core').Page, told: string[], stalls: number[] }} Run
 */

/** Looks at all of them. @param {Run[]} runs */
const look = (runs) =>
  Promise.all(runs.map(async ({ name, page, told, stalls }) => {
    told.push(await shows(page, name).catch((cause) => { throw new Error(`${name}: ${cause.message}`, { cause }); }));
    stalls.push((await seenBy(page)).stalls);
  }));

test('players that others made play a minute of what a browser publishes as H.264 simulcast', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t);
  const studio = await clockStudio(t, browser, server, '1');
  /** @param {import('../src/players.js').Player} name @returns {Promise<Run>} */
  const start = async (name) => {
    const page = await startPlayer(t, browser, server, name);
    await pictures(page, N_WARM_UP);
    return { name, page, told: [], stalls: [(await seenBy(page)).stalls] };
  };
  const first = await start('hls.js');
  // Shaka takes what comes next for a segment, while there are few (docs/deviations.md); players of DASH begin with so many.
  await segments(server, 6);
  const runs = [first, ...(await Promise.all(ALL_PLAYERS.slice(1).map(start)))];
  const began = Date.now();

  await look(runs);
  await pictures(first.page, N_UNTOUCHED);
  const microphone = studio.getByTestId('mic-select');
  const chosen = await microphone.inputValue();
  await microphone.selectOption('none');
  await pictures(first.page, N_SILENT);
  await microphone.selectOption(chosen);
  await pictures(first.page, N_SILENT);
  await look(runs);
  await studio.reload();
  await reach(studio, 'live');
  await pictures(first.page, N_SILENT);
  // Players of DASH come to where the publisher was away some ten seconds later.
  await Promise.all(runs.map(({ page }) => pictures(page, N_WARM_UP)));
  await look(runs);
  t.diagnostic(`${((Date.now() - began) / 1000).toFixed(0)} s`);

  for (const { name, page, told, stalls } of runs) {
    await t.test(name, async (t) => {
      const { failures, firstMs } = await seenBy(page);
      t.diagnostic(`first picture ${firstMs.toFixed(0)} ms, ${told.join('; ')}; stalls ${stalls.join(', ')}`);
      assert.deepEqual(failures, []);
      const [atFirst, begun, untouched, all] = /** @type {[number, number, number, number]} */ (stalls);
      // The first player of a stream begins with half a second of it.
      assert.ok(untouched - Math.max(atFirst, begun) <= STALLS_MAX, `it stood still of its own accord: ${stalls}`);
      assert.ok(all - untouched <= STALLS_MAX, `it stood still while the publisher was away: ${stalls}`);
    });
  }
});
