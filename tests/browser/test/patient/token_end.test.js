// A play token lets viewers in, and sends none away: what it has let in goes on when it has ended, by HLS as by WHEP, and from the
// one to the other.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { goLive, plays } from '../../src/pages.js';
import { playable } from '../../src/playlists.js';
import { look, seenThrough, told } from '../../src/seen_through.js';
import { PRIVATE_STREAM, startServer } from '../../src/server.js';
import { signToken } from '../../src/token.js';
import { pictures } from '../../src/video.js';

/** Two pages begin within it on a busy machine. */
const TOKEN_S = 12;

/** More than a page waits before it tries WHEP again behind HLS. */
const BEYOND_MS = 40_000;

/** Who is refused shows no more pictures at all. Beside other tests a player may stand still for a moment, as any would. */
const LONGEST_MAX_MS = 10_000;

const STUDIO = { codec: 'H264', fps: '30', resolution: '320x180', bitrate: '400' };

const { name: STREAM } = PRIVATE_STREAM;

/** @param {import('../../src/server.js').Server} server @param {number} seconds */
const playToken = async (server, seconds) => signToken(await server.tokenSecret(), {
  aud: 'freshet', sub: 'tester', stream: STREAM, verbs: ['play'], exp: Math.floor(Date.now() / 1000) + seconds,
});

/** What the server says to a bearer. @param {string} url @param {string} method @param {string} token */
const status = async (url, method, token) =>
  (await fetch(url, { method, headers: { Authorization: `Bearer ${token}` } })).status;

/**
 * A viewer, and a note of what the page asks for that a token opens.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 */
async function watchWith(t, browser, url) {
  const page = await newPage(t, browser);
  const posts = /** @type {string[]} */ ([]);
  const sessions = /** @type {string[]} */ ([]);
  page.on('response', (response) => {
    const at = new URL(response.url());
    const what = [`/whep/${STREAM}`, `/api/v1/streams/${STREAM}/signed-url`].find((path) => path === at.pathname);
    if (what === undefined || response.request().method() !== 'POST') return;
    posts.push(`${what.split('/').at(-1)} ${response.status()}`);
    const session = response.headers()['location'];
    if (session) sessions.push(new URL(session, at).href);
  });
  await page.goto(url);
  return { page, posts, sessions };
}

test('a token ends, and viewers whom it has let in do not notice', async (t) => {
  const server = await startServer(t, { transcode: false });
  const browser = await launchChromium(t);
  await goLive(t, browser, server, STUDIO, PRIVATE_STREAM);
  const playlist = `${server.url}/hls/${STREAM}/multivariant.m3u8`;
  await playable(playlist, { Authorization: `Bearer ${await playToken(server, 300)}` });

  const token = await playToken(server, TOKEN_S);
  const first = await watchWith(t, browser, `${server.watchUrl(STREAM)}?via=hls#token=${token}`);
  const second = await watchWith(t, browser, `${server.watchUrl(STREAM)}#token=${token}`);
  await plays(first.page, 'hls');
  await plays(second.page, 'whep');
  await second.page.getByTestId('way-menu').waitFor();
  await look(first.page);
  while (await status(playlist, 'GET', token) === 200) await pause(200);
  const endedAt = Date.now();
  assert.equal(await status(playlist, 'GET', token), 403);

  await t.test('who watches by WHEP and loses the session goes on by HLS', async () => {
    const [session = ''] = second.sessions;
    assert.equal(await status(session, 'DELETE', token), 200);
    await plays(second.page, 'hls');
    await pictures(second.page, 60);
    assert.deepEqual(second.posts, [`${STREAM} 201`, 'signed-url 200', `${STREAM} 401`]);
  });

  await t.test('who watches by HLS goes on, and misses nothing', async (t) => {
    while (Date.now() < endedAt + BEYOND_MS) await pictures(first.page, 60);
    const seen = await seenThrough(first.page);
    t.diagnostic(told(seen));
    assert.equal(seen.blackMs, 0, told(seen));
    assert.ok(seen.longestMs < LONGEST_MAX_MS, told(seen));
    await plays(first.page, 'hls');
    assert.deepEqual(first.posts, ['signed-url 200']);
  });

  await t.test('and WHEP, which admits nobody with it, is left alone', async () => {
    await pictures(second.page, 60);
    await plays(second.page, 'hls');
    assert.equal(second.posts.length, 3, second.posts.join(', '));
  });
});
