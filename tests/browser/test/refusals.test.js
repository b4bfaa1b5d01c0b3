// What a person is told when it does not work, and what starts by itself later.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { PRIVATE_STREAM, STREAM, startServer } from '../src/server.js';
import { signToken } from '../src/token.js';
import { pictures } from '../src/video.js';

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
    assert.match(await told(second), /already live/);
    await second.getByTestId('take-over').click();
    await reach(second, 'live');
    await pictures(viewer, N_PICTURES);
  });
});
