// What a person is told when it does not work, and what starts by itself later.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { PRIVATE_STREAM, STREAM, startServer } from '../../src/server.js';
import { signToken } from '../../src/token.js';
import { pictures } from '../../src/video.js';

const N_PICTURES = 30;

test('access', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);

  /** @param {import('playwright-core').Page} page */
  const told = (page) => page.getByTestId('error').innerText();

  await t.test('a wrong key is refused in words, and the right one then works', async (t) => {
    const page = await newPage(t, browser);
    const wrong = { name: STREAM.name, key: 'not-the-key-0001' };
    await page.goto(server.studioUrl({ source: 'pattern', autostart: '1', resolution: '640x360' }, wrong));
    await reach(page, 'failed');
    assert.match(await told(page), /key was not accepted/);
    assert.ok(!page.url().includes('not-the-key'), 'a key does not stay in the address bar');
    await page.getByTestId('key-input').fill(STREAM.key);
    await page.getByTestId('go-live').click();
    await reach(page, 'live');
  });

  await t.test('a private stream is watched with a token, and not with an expired one', async (t) => {
    const studio = await goLive(t, browser, server, {}, PRIVATE_STREAM);
    const secret = await server.tokenSecret();
    const token = (/** @type {number} */ expires) => signToken(secret, {
      aud: 'freshet', sub: 'tester', stream: PRIVATE_STREAM.name, verbs: ['play'], exp: expires,
    });
    const now = Math.floor(Date.now() / 1000);
    const open = (/** @type {string} */ fragment) => watch(t, browser, server, PRIVATE_STREAM.name, fragment);

    const good = await open(`#token=${token(now + 300)}`);
    await reach(good, 'live');
    await pictures(good, N_PICTURES);
    assert.ok(!good.url().includes('token'), 'a token does not stay in the address bar');

    for (const fragment of ['', `#token=${token(now - 300)}`]) {
      const refused = await open(fragment);
      await reach(refused, 'failed');
      assert.match(await told(refused), /invitation/);
    }
  });

  await t.test('a stream that has not begun is waited for, and starts by itself', async (t) => {
    const viewer = await watch(t, browser, server);
    await reach(viewer, 'waiting');
    const studio = await goLive(t, browser, server);
    await reach(viewer, 'live');
    await pictures(viewer, N_PICTURES);
  });

  await t.test('a second publisher is told who is live, and may take over', async (t) => {
    const first = await goLive(t, browser, server);
    const viewer = await watch(t, browser, server);
    await reach(viewer, 'live');
    const second = await newPage(t, browser);
    await second.goto(server.studioUrl({ source: 'pattern', autostart: '1', resolution: '640x360' }));
    await reach(second, 'failed');
    assert.match(await told(second), /already live.*Ask them to stop, or take over/s);
    await second.getByTestId('take-over').click();
    await reach(second, 'live');
    await pictures(viewer, N_PICTURES);
    // The first does not take it back: two pages would go on for ever.
    await reach(first, 'failed');
    assert.match(await told(first), /already live.*take over/s);
    assert.ok(await first.getByTestId('take-over').isVisible());
  });

  await t.test('who publishes with an expired token, or one to watch with, is told what to ask for', async (t) => {
    const secret = await server.tokenSecret();
    const now = Math.floor(Date.now() / 1000);
    const token = (/** @type {string} */ verb, /** @type {number} */ expires) => signToken(secret, {
      aud: 'freshet', sub: 'tester', stream: STREAM.name, verbs: [verb], exp: expires,
    });
    for (const { key, words } of [
      { key: token('publish', now - 300), words: /key was not accepted.*ask for a new token where one has expired/s },
      { key: token('play', now + 300), words: /may not publish on this stream\. Ask for a key or token that may/ },
      { key: '', words: /key was not accepted/ },
    ]) {
      const page = await newPage(t, browser);
      await page.goto(server.studioUrl({ source: 'pattern', autostart: '1', resolution: '640x360' }, { name: STREAM.name, key }));
      await reach(page, 'failed');
      assert.match(await told(page), words);
      assert.ok(await page.getByTestId('go-live').isVisible(), 'and may try again');
    }
  });
});

/** What a page says over its picture or under it. @param {import('playwright-core').Page} page @param {RegExp} words */
const says = (page, words) => page.getByTestId('error').filter({ hasText: words }).waitFor();

test('a server that is full says so, and lets in whoever waits when somebody leaves', async (t) => {
  // Where there is HLS, whoever finds no room plays that meanwhile (watch_hls.test.js).
  const server = await startServer(t, { sessions: 2, latency: 'ultra-low' });
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server);
  const first = await watch(t, browser, server);
  await reach(first, 'live');
  const second = await watch(t, browser, server);
  await reach(second, 'waiting');
  await says(second, /The server is busy or restarting\. This page keeps trying\./);

  // Somebody who wants to publish is told the same.
  const other = await newPage(t, browser);
  await other.goto(server.studioUrl({ source: 'pattern', autostart: '1', resolution: '640x360' }, PRIVATE_STREAM));
  await reach(other, 'waiting');
  await says(other, /The server is busy or restarting\. This page keeps trying\./);
  await other.context().close();

  await first.context().close();
  await reach(second, 'live');
  await pictures(second, N_PICTURES);
});

/** More wrong keys in a row than a server looks at within a minute. */
const WRONG_KEYS_MAX = 20;

test('who tries too many keys is told how long to wait', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await newPage(t, browser);
  await studio.goto(server.studioUrl({ source: 'pattern', resolution: '640x360' }, { ...STREAM, key: 'not-the-key-0001' }));
  await pictures(studio, 1, 'preview');
  for (let tries = 0; tries < WRONG_KEYS_MAX; tries += 1) {
    const answered = studio.waitForResponse((response) => response.request().method() === 'POST');
    await studio.getByTestId('go-live').click();
    if ((await answered).status() === 429) break;
    await reach(studio, 'failed');
  }
  await reach(studio, 'waiting');
  await says(studio, /Wrong credentials for this stream came from this address too often.* Wait \d+ s.*This page waits and tries again\./);
  await studio.getByTestId('stop').click();
  await reach(studio, 'idle');
});

test('a server that does not answer is told of, and asked again', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'waiting');
  const studio = await newPage(t, browser);
  await studio.goto(server.studioUrl({ source: 'pattern', resolution: '640x360' }));
  await pictures(studio, 1, 'preview');
  await server.end('SIGKILL');
  await studio.getByTestId('go-live').click();
  for (const page of [studio, viewer]) {
    await says(page, /The server does not answer\. Check your network; this page keeps trying\./);
    await reach(page, 'waiting');
  }
  await server.startAgain();
  for (const page of [studio, viewer]) await reach(page, 'live');
  await pictures(viewer, N_PICTURES);
});
