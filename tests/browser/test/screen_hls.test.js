// A shared screen on which nothing moves, by HLS: its pictures are far apart, and players go on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { reach } from '../src/pages.js';
import { seenBy, startPlayer } from '../src/players.js';
import { sees } from '../src/seen_colour.js';
import { startServer, STREAM } from '../src/server.js';
import { pictures } from '../src/video.js';

/** The title by which the browser finds the tab that it shares. */
const TITLE = 'A still pond';

/** How long nothing moves once the encoder has taken over, and how much of it the player must play, in seconds. */
const STILL_S = 8;
const PLAYED_LEAST_S = 6;

/** An encoder takes over within four seconds; a machine that compiles at the same time takes longer. */
const TAKES_OVER_WITHIN_MS = 30_000;

/** Where the player is, and when, in seconds. @param {import('playwright-core').Page} page */
const position = (page) =>
  page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
    return { at: video.currentTime, now: performance.now() / 1000 };
  });

/** Waits until so many seconds have passed in the page. @param {import('playwright-core').Page} page @param {number} until */
const reaches = (page, until) =>
  page.waitForFunction((until) => performance.now() / 1000 >= until, until);

/** Waits until the player has come to a place in the stream. @param {import('playwright-core').Page} page @param {number} at */
const passes = (page, at) =>
  page.waitForFunction((at) => Number(document.querySelector('video')?.currentTime) >= at, at);

/** Waits until the pictures are those of another encoder. @param {import('../src/server.js').Server} server */
async function takenOver(server) {
  const since = Date.now();
  for (;;) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    if (Number(/^packager_discontinuities_total (\d+)$/m.exec(text)?.[1]) > 0) return;
    assert.ok(Date.now() - since < TAKES_OVER_WITHIN_MS, 'nothing encodes the screen');
  }
}

/** Waits until the stream can be played: a studio is live a moment before its stream is. @param {import('../src/server.js').Server} server */
async function hasPictures(server) {
  for (;;) {
    const response = await fetch(`${server.url}/hls/${STREAM.name}/multivariant.m3u8`);
    if (response.ok) return assert.match(await response.text(), /RESOLUTION/, 'its first list has pictures');
    assert.equal(response.status, 404);
  }
}

test('hls.js plays a shared tab on which nothing moves, and what happens in it then', async (t) => {
  const server = await startServer(t, { latency: 'low' });
  const browser = await launchChromium(t, { sharedTab: TITLE });
  const shared = await newPage(t, browser);
  await shared.goto('about:blank');
  // What moves is there for new pictures all the time: a single one may not be captured.
  const show = (/** @type {string} */ colour, /** @type {boolean} */ moves) =>
    shared.evaluate(({ colour, moves }) => {
      document.body.style.background = colour;
      document.body.replaceChildren(...(moves ? [document.createElement('progress')] : []));
    }, { colour, moves });
  await shared.evaluate((title) => void (document.title = title), TITLE);
  await show('rgb(200, 40, 40)', true);

  const studio = await newPage(t, browser);
  await studio.goto(server.studioUrl({ codec: 'H264', resolution: '640x360', simulcast: '0' }));
  await studio.getByTestId('source-select').selectOption('screen');
  await studio.getByTestId('open-source').click();
  await pictures(studio, 1, 'preview');
  await studio.getByTestId('go-live').click();
  await reach(studio, 'live');

  await hasPictures(server);
  const player = await startPlayer(t, browser, server, 'hls.js');
  await sees(player, [200, 40, 40]);
  await show('rgb(200, 40, 40)', false);
  const shown = await position(player);
  await takenOver(server);
  // After two pictures that came late and a keyframe: the player may have stood still for as long.
  await passes(player, shown.at + 5);
  const before = await position(player);
  await reaches(player, before.now + STILL_S);
  const after = await position(player);
  const { stalls, failures } = await seenBy(player);
  const played = after.at - before.at;
  t.diagnostic(
    `${(before.now - shown.now).toFixed(1)} s for the first 5, then ${played.toFixed(1)} in ${(after.now - before.now).toFixed(1)} s, ${stalls} stalls`,
  );
  assert.deepEqual(failures, []);
  assert.ok(played >= PLAYED_LEAST_S, `it played ${played} s`);
  await show('rgb(40, 60, 200)', true);
  await sees(player, [40, 60, 200]);
  assert.equal(await studio.getByTestId('warnings').isHidden(), true, 'a screen may stand still');
});
