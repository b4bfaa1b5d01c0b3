// The watch page plays by WHEP and by HLS, and people see one player: by the clock in its pictures, what is skipped and what is
// seen again when it goes from one to the other.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { misfits } from '../../src/layout.js';
import { packetFilter } from '../../src/network.js';
import { goLive, plays, reach, watch } from '../../src/pages.js';
import { playable } from '../../src/playlists.js';
import { look, seenThrough, told } from '../../src/seen_through.js';
import { PRIVATE_STREAM, startServer, STREAM } from '../../src/server.js';
import { signToken } from '../../src/token.js';
import { path, pictures } from '../../src/video.js';

/** What the page promises of a change. */
const AGAIN_MAX_MS = 2_500;

/** Two busy cores leave out pictures; what a player skips is a part at least, of half a second. */
const LEFT_OUT_MAX_MS = 400;

/** Live by HLS is two seconds old, and more where a busy machine lets the player wait; the past is ten. */
const LIVE_AGE_MAX_MS = 5_000;

/** A studio that HLS takes. */
const STUDIO = { codec: 'H264', fps: '30', bitrate: '800' };

/** The same for two cores that show it three times, in two ways. */
const SMALL_STUDIO = { ...STUDIO, resolution: '320x180', bitrate: '400' };

/** Nothing was black, nothing skipped, and little seen again. @param {import('../../src/seen_through.js').Seen} seen */
function isSeamless(seen) {
  assert.equal(seen.blackMs, 0, told(seen));
  assert.ok(seen.skippedMs <= LEFT_OUT_MAX_MS, told(seen));
  assert.ok(seen.againMs <= AGAIN_MAX_MS, told(seen));
}

/** Waits until the stream has this rendition. @param {import('../../src/server.js').Server} server @param {string} name */
async function lists(server, name) {
  const until = Date.now() + 20_000;
  let text = '';
  while (!text.includes(`${name}/live.m3u8`)) {
    assert.ok(Date.now() < until, text);
    text = await (await fetch(`${server.url}/hls/${STREAM.name}/multivariant.m3u8`)).text();
  }
}

/**
 * Waits until one may go back in a rendition by so many segments: the best one of a young stream begins later than the others.
 * @param {import('../../src/server.js').Server} server
 * @param {string} name
 * @param {number} n
 */
async function reachesBack(server, name, n, stream = STREAM.name, headers = {}) {
  const folder = `${server.url}/hls/${stream}`;
  // There is something to wait for as soon as the stream is listed.
  await playable(`${folder}/multivariant.m3u8`, headers);
  const playlist = `${folder}/${name}/live.m3u8`;
  const first = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(await (await fetch(playlist, { headers })).text())?.[1]);
  // Each is answered when the segment is there.
  for (let msn = first; msn < first + n; msn += 1) assert.equal((await fetch(`${playlist}?_HLS_msn=${msn}`, { headers })).status, 200);
}

const folder = new URL('../../../output/', import.meta.url).pathname;

/**
 * Takes pictures of the page for people to look at, on a phone and on a desk: everything fits.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function fits(page, name) {
  await mkdir(folder, { recursive: true });
  for (const [size, colorScheme] of /** @type {const} */ ([
    [{ width: 320, height: 640 }, 'dark'],
    [{ width: 1280, height: 800 }, 'light'],
  ])) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await page.mouse.move(size.width / 2, size.height / 2);
    await page.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector('.bar'))).opacity === '1');
    await page.screenshot({ path: `${folder}${name}-${size.width}-${colorScheme}.png` });
    assert.deepEqual(await misfits(page), [], `${name}, ${size.width} px`);
  }
}

/** How far behind live the seek bar says that the picture is, in s. @param {import('playwright-core').Page} page */
const behind = async (page) => -Number(await page.getByTestId('seek').inputValue());

/** @param {import('playwright-core').Page} page @param {number} s */
function seekBack(page, s) {
  return page.getByTestId('seek').evaluate((bar, s) => {
    const input = /** @type {HTMLInputElement} */ (bar);
    input.value = String(-s);
    for (const name of ['input', 'change']) input.dispatchEvent(new Event(name, { bubbles: true }));
  }, s);
}

test('a viewer goes to broadcast, back in time, and back to interactive', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { ...STUDIO, simulcast: '1' });
  const viewer = await watch(t, browser, server);
  /** @type {string[]} */
  const asked = [];
  viewer.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await plays(viewer, 'whep');
  await pictures(viewer, 60);
  const menu = viewer.getByTestId('way-menu');
  await menu.waitFor();
  const isPlayerLoaded = () => asked.some((path) => path.includes('mse-engine'));
  assert.equal(isPlayerLoaded(), false, 'hls.js is loaded before it is wanted');
  assert.ok(!asked.some((path) => path.endsWith('/signed-url')), 'a token is exchanged where none is needed');
  await viewer.getByTestId('volume').fill('40');
  await lists(server, '360p');

  await t.test('to broadcast: nothing skipped, no black, at most 2.5 s again', async (t) => {
    await look(viewer);
    await menu.selectOption('hls');
    await plays(viewer, 'hls');
    await pictures(viewer, 90);
    const seen = await seenThrough(viewer);
    t.diagnostic(told(seen));
    isSeamless(seen);
    assert.ok(seen.againMs > 300, `that is not HLS: ${told(seen)}`);
    const sound = await viewer.getByTestId('video').evaluate((video) => {
      const { volume, muted } = /** @type {HTMLVideoElement} */ (video);
      return { volume, muted };
    });
    assert.deepEqual(sound, { volume: 0.4, muted: false });
  });

  await t.test('the figures say how far behind the camera it is', async () => {
    await viewer.getByTestId('stats-toggle').click();
    await viewer.locator('[data-figure="delay"][data-from="capture"]', { hasText: /^[12]\d{3} ms$/ }).waitFor();
    await viewer.locator('[data-figure="codec"]', { hasText: 'H.264' }).waitFor();
    await fits(viewer, 'watch-broadcast');
    await viewer.getByTestId('stats-toggle').click();
  });

  await t.test('the quality menu has the renditions', async () => {
    const quality = viewer.getByTestId('quality-menu');
    const names = await quality.evaluate((select) => [.../** @type {HTMLSelectElement} */ (select).options].map(({ value }) => value));
    assert.deepEqual(names, ['', '360p', '180p', '90p']);
    await quality.selectOption('180p');
    await viewer.waitForFunction(() => /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]')).videoHeight === 180);
    await viewer.getByTestId('quality-why').filter({ hasText: '180p: chosen' }).waitFor();
    await quality.selectOption('');
  });

  await t.test('back in time, and back to live', async (t) => {
    await reachesBack(server, '360p', 7);
    await look(viewer);
    await seekBack(viewer, 10);
    await viewer.getByTestId('to-live').waitFor();
    await pictures(viewer, 60);
    const back = await seenThrough(viewer);
    t.diagnostic(`back: ${told(back)}`);
    assert.ok(back.ageMs > 9_000 && back.ageMs < 14_000, told(back));
    assert.equal(back.blackMs, 0, told(back));
    assert.ok(Math.abs((await behind(viewer)) * 1_000 - back.ageMs) < 2_500, `${await behind(viewer)} s`);
    await fits(viewer, 'watch-back');
    await look(viewer);
    await viewer.getByTestId('to-live').click();
    await viewer.getByTestId('to-live').waitFor({ state: 'hidden' });
    await pictures(viewer, 30);
    const live = await seenThrough(viewer);
    t.diagnostic(`live: ${told(live)}`);
    assert.ok(live.ageMs < LIVE_AGE_MAX_MS, told(live));
    assert.equal(live.blackMs, 0, told(live));
    assert.equal(await viewer.evaluate(() => window.freshet?.via), 'hls', 'live as the viewer has chosen it');
  });

  await t.test('a reload keeps to what was chosen', async () => {
    await viewer.reload();
    await plays(viewer, 'hls');
    assert.equal(await menu.inputValue(), 'hls');
    await pictures(viewer, 30);
  });

  await t.test('to interactive: live at once', async (t) => {
    await look(viewer);
    await menu.selectOption('whep');
    await plays(viewer, 'whep');
    await pictures(viewer, 30);
    const seen = await seenThrough(viewer);
    t.diagnostic(told(seen));
    assert.ok(seen.ageMs < 1_000, told(seen));
    await fits(viewer, 'watch-interactive');
    assert.equal(seen.blackMs, 0, told(seen));
    assert.ok(seen.againMs <= LEFT_OUT_MAX_MS, told(seen));
  });
});

/** As browsers of older phones are: they play HLS, and no script does. @param {import('playwright-core').Page} page */
const withoutMediaSource = (page) =>
  page.addInitScript(() => ['MediaSource', 'ManagedMediaSource'].forEach((name) => Reflect.deleteProperty(window, name)));

/** For the private stream, five minutes. @param {import('../../src/server.js').Server} server */
const playToken = async (server) => signToken(await server.tokenSecret(), {
  aud: 'freshet', sub: 'tester', stream: PRIVATE_STREAM.name, verbs: ['play'], exp: Math.floor(Date.now() / 1000) + 300,
});

test('who is cut off from the SFU goes on by HLS, and who comes then begins with it, by the browser alone', async (t) => {
  // Chromium's own player goes from one sound to the other with the bandwidth, and cannot change its codec on the way: there is
  // one. Safari's chooses by what it can play.
  const server = await startServer(t, { transcode: false });
  const filter = await packetFilter(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, SMALL_STUDIO);
  const viewer = await watch(t, browser, server);
  await plays(viewer, 'whep');
  await viewer.getByTestId('way').waitFor();
  await pictures(viewer, 30);
  await look(viewer);
  await filter.cutPortBut(server.icePort, (await path(studio)).local.port);
  const newcomer = await newPage(t, browser);
  await withoutMediaSource(newcomer);
  await newcomer.goto(server.watchUrl());
  await plays(viewer, 'hls');
  await pictures(viewer, 60);
  const seen = await seenThrough(viewer);
  t.diagnostic(told(seen));
  isSeamless(seen);
  await plays(newcomer, 'hls');
  await pictures(newcomer, 30);
  assert.equal(await newcomer.getByTestId('way-menu').inputValue(), 'hls');
  assert.match(await newcomer.getByTestId('video').evaluate((video) => /** @type {HTMLVideoElement} */ (video).src), /\.m3u8$/);
});

test('who finds no place, or asks for it in the address, watches by HLS', async (t) => {
  // Of the stream; a server without a place is answered by the same status, and met in refusals.test.js.
  const server = await startServer(t, { players: 1 });
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, SMALL_STUDIO, PRIVATE_STREAM);
  const token = await playToken(server);
  const first = await watch(t, browser, server, PRIVATE_STREAM.name, `#token=${token}`);
  await plays(first, 'whep');

  const second = await watch(t, browser, server, PRIVATE_STREAM.name, `#token=${token}`);
  await plays(second, 'hls');
  await pictures(second, 30);
  await second.context().close();
  const third = await watch(t, browser, server, PRIVATE_STREAM.name, `?via=hls#token=${token}`);
  await plays(third, 'hls');
  await pictures(third, 30);
  const stranger = await watch(t, browser, server, PRIVATE_STREAM.name, '?via=hls');
  await reach(stranger, 'failed');
});

test('a private stream is played by the browser alone, with a signed URL for the token', async (t) => {
  const server = await startServer(t, { transcode: false });
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, SMALL_STUDIO, PRIVATE_STREAM);
  const token = await playToken(server);
  // Chromium's own player wants a few segments before it shows one.
  await reachesBack(server, '180p', 4, PRIVATE_STREAM.name, { Authorization: `Bearer ${token}` });
  const viewer = await newPage(t, browser);
  await withoutMediaSource(viewer);
  const asked = viewer.waitForRequest((request) => request.url().endsWith(`/api/v1/streams/${PRIVATE_STREAM.name}/signed-url`));
  await viewer.goto(`${server.watchUrl(PRIVATE_STREAM.name)}?via=hls#token=${token}`);
  assert.equal((await asked).method(), 'POST');
  await plays(viewer, 'hls');
  await pictures(viewer, 60);
  const src = await viewer.getByTestId('video').evaluate((video) => /** @type {HTMLVideoElement} */ (video).src);
  assert.match(src, new RegExp(`/signed/1\\.e\\d+\\.[^/]+/hls/${PRIVATE_STREAM.name}/multivariant\\.m3u8$`));
});
