// A screen as the source: another tab of the browser, captured for real.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { reach, watch } from '../../src/pages.js';
import { sees } from '../../src/seen_colour.js';
import { startServer } from '../../src/server.js';
import { pictures, statistics } from '../../src/video.js';

const N_PICTURES = 30;

/** The title by which the browser finds the tab that it shares. */
const TITLE = 'A pond';

/** The ground of the test pattern, which its middle shows. */
const PATTERN_GROUND = /** @type {[number, number, number]} */ ([13, 26, 30]);

/** How long sound may take to come, on a machine that compiles at the same time. */
const SOUND_WITHIN_MS = 10_000;

/** Whether sound comes. @param {import('playwright-core').Page} page */
async function hasSound(page) {
  const until = Date.now() + SOUND_WITHIN_MS;
  for (;;) {
    const kinds = (await statistics(page, 'inbound-rtp')).map(({ kind }) => kind);
    if (kinds.includes('audio') || Date.now() > until) return kinds.includes('audio');
  }
}

test('a tab is shared, and its viewers see what happens in it', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t, { sharedTab: TITLE });
  const shared = await newPage(t, browser);
  await shared.goto('about:blank');
  const colour = (/** @type {string} */ name) => shared.evaluate((name) => {
    document.body.style.background = name;
  }, name);
  await shared.evaluate((title) => {
    document.title = title;
    // Something that moves, so that there are new pictures all the time.
    document.body.append(document.createElement('progress'));
  }, TITLE);
  await colour('rgb(200, 40, 40)');

  const studio = await newPage(t, browser);
  await studio.goto(server.studioUrl({ resolution: '640x360', simulcast: '0' }));
  await studio.getByTestId('source-select').selectOption('screen');
  await studio.getByTestId('open-source').click();
  await pictures(studio, N_PICTURES, 'preview');
  await studio.getByTestId('go-live').click();
  await reach(studio, 'live');

  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);
  await sees(viewer, [200, 40, 40]);
  await colour('rgb(40, 60, 200)');
  await sees(viewer, [40, 60, 200]);
  assert.ok(await hasSound(viewer), 'the tab\'s sound comes with it');

  await t.test('it is closed, and another source takes its place in the same session', async () => {
    const posts = /** @type {string[]} */ ([]);
    studio.on('request', (request) => {
      if (request.method() === 'POST') posts.push(request.url());
    });
    await shared.close();
    await studio.getByTestId('error').waitFor();
    assert.match(await studio.getByTestId('error-text').innerText(), /source has ended/);
    await studio.getByTestId('source-select').selectOption('pattern');
    await sees(viewer, PATTERN_GROUND);
    await studio.getByTestId('error').waitFor({ state: 'hidden' });
    assert.deepEqual(posts, [], 'the session is the same');
  });
});
