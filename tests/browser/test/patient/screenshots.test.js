// The pages as people see them, from the narrowest phone to a desk, by day and by night: they fit. The pictures are
// kept in tests/output for people to look at.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { misfits } from '../../src/layout.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { PRIVATE_STREAM, startServer } from '../../src/server.js';
import { pictures } from '../../src/video.js';

const folder = new URL('../../../output/', import.meta.url).pathname;

/** Half a desk's window zoomed to 400 % is 320 px wide, which is what WCAG 2.2 (1.4.10) asks pages to reflow at. */
const SCREENS = [{ width: 1280, height: 800 }, { width: 320, height: 640 }];

/**
 * Takes the pictures of one page in one state.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
function shoot(t, page, name) {
  return t.test(`${name} fits every screen`, async () => {
    for (const size of SCREENS) {
      for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${folder}${name}-${size.width}-${colorScheme}.png` });
        assert.deepEqual(await misfits(page), [], `${size.width} px, ${colorScheme}`);
      }
    }
    // What is below the fold of a phone is a picture of its own.
    await page.screenshot({ path: `${folder}${name}-whole.png`, fullPage: true });
  });
}

test('home, studio and watch', async (t) => {
  await mkdir(folder, { recursive: true });
  const server = await startServer(t);
  const browser = await launchChromium(t);

  const home = await newPage(t, browser);
  await home.goto(server.url);
  await home.getByTestId('empty').waitFor();
  await shoot(t, home, 'home-empty');
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'waiting');
  await shoot(t, viewer, 'watch-waiting');
  const idle = await newPage(t, browser);
  await idle.goto(server.studioUrl({ source: 'pattern' }));
  await pictures(idle, 1, 'preview');
  await shoot(t, idle, 'studio-idle');
  const refused = await watch(t, browser, server, PRIVATE_STREAM.name);
  await reach(refused, 'failed');
  await shoot(t, refused, 'watch-refused');

  const studio = await goLive(t, browser, server, { simulcast: '1' });
  await reach(viewer, 'live');
  await pictures(viewer, 60);
  await studio.locator('[data-rid="f"][data-active="true"]').waitFor();
  await shoot(t, studio, 'studio-live');
  await shoot(t, viewer, 'watch-playing');
  await viewer.getByTestId('stats-toggle').click();
  await viewer.locator('[data-figure="bitrate"]', { hasText: 'bit/s' }).waitFor();
  await shoot(t, viewer, 'watch-figures');
  await home.getByTestId('stream-item').waitFor();
  await shoot(t, home, 'home-live');

  const second = await newPage(t, browser);
  await second.goto(server.studioUrl({ source: 'pattern', autostart: '1' }));
  await reach(second, 'failed');
  await shoot(t, second, 'studio-refused');
  await second.context().close();

  await studio.getByTestId('stop').click();
  await reach(viewer, 'stalled');
  await shoot(t, viewer, 'watch-stalled');
  await studio.getByTestId('go-live').click();
  await reach(studio, 'live');
  await reach(viewer, 'live');
  await server.end('SIGTERM');
  await reach(studio, 'recovering');
  await shoot(t, studio, 'studio-recovering');
  await reach(viewer, 'recovering');
  await shoot(t, viewer, 'watch-recovering');
  await home.getByTestId('error').waitFor();
  assert.ok(await home.getByTestId('empty').isHidden(), 'what is not known is not said');
  await shoot(t, home, 'home-offline');
});

test('what does not fit is found', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const page = await newPage(t, browser, { viewport: { width: 320, height: 640 } });
  await page.goto(server.watchUrl());
  await reach(page, 'waiting');
  const retry = page.getByTestId('retry');
  const spoil = (/** @type {Record<string, string>} */ style) =>
    retry.evaluate((button, style) => Object.assign(button.style, style), style);

  await spoil({ width: '400px' });
  assert.ok((await misfits(page)).includes('retry is cut off'));
  await spoil({ width: '2rem', whiteSpace: 'nowrap' });
  assert.ok((await misfits(page)).includes('retry has more to say than room'));
  await spoil({ width: '', pointerEvents: 'none' });
  assert.ok((await misfits(page)).includes('retry is covered'));
  await spoil({ pointerEvents: '' });

  const countdown = page.getByTestId('countdown');
  const words = page.getByTestId('word');
  const found = async (/** @type {RegExp} */ what) => assert.ok((await misfits(page)).some((line) => what.test(line)), `${what}`);
  await spoil({ position: 'relative', top: '-3rem', pointerEvents: 'none' });
  await found(/^"[^"]+" lies under "Try now"$/);
  await spoil({ position: '', top: '', pointerEvents: '' });
  await words.evaluate((element) => Object.assign(element.style, { position: 'relative', top: '4rem' }));
  await found(/ lies under /);
  await words.evaluate((element) => Object.assign(element.style, { position: '', top: '' }));
  await countdown.evaluate((element) => Object.assign(element.style, { position: 'relative', left: '-300px' }));
  await found(/^"[^"]+" is cut off$/);
  await countdown.evaluate((element) => Object.assign(element.style, { position: '', left: '' }));
  assert.deepEqual(await misfits(page), []);

  await page.evaluate(() => {
    document.body.style.width = '400px';
  });
  assert.ok((await misfits(page)).some((words) => words.startsWith('the page is 400 px wide')));
});
