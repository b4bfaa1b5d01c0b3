// The menu of layers on the watch page: a person chooses one and lets go again, and the picture follows.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { misfits } from '../src/layout.js';
import { goLive, reach, watch } from '../src/pages.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { startServer } from '../src/server.js';
import { pictures } from '../src/video.js';

const folder = new URL('../../output/', import.meta.url).pathname;

/** A better layer may wait two seconds for company, and two cores encode three layers and decode one. */
const WITHIN_MS = 20_000;

/**
 * Waits until the page shows pictures of this height.
 * @param {import('playwright-core').Page} page
 * @param {(height: number) => boolean} isWanted
 */
async function showsHeight(page, isWanted) {
  const until = Date.now() + WITHIN_MS;
  let { height } = await pictures(page, 1);
  while (!isWanted(height) && Date.now() < until) ({ height } = await pictures(page, 5));
  assert.ok(isWanted(height), `${height} px high`);
  return height;
}

test('a viewer chooses a layer, sees it, and goes back to automatic', async (t) => {
  await mkdir(folder, { recursive: true });
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { simulcast: '1' });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await seesTheBestOfThree(studio, viewer);
  const best = await showsHeight(viewer, () => true);

  const menu = viewer.getByTestId('quality-menu');
  await menu.waitFor();
  const why = viewer.getByTestId('quality-why');
  await viewer.waitForFunction(() =>
    /^Auto: \d+p, /.test(document.querySelector('[data-testid="quality-why"]')?.textContent ?? ''));
  assert.deepEqual(
    await menu.evaluate((select) => [.../** @type {HTMLSelectElement} */ (select).options].map(({ value }) => value)),
    ['', 'f', 'h', 'q'],
    'automatic, then the best first',
  );
  assert.equal(await viewer.getByTestId('viewers').textContent(), '1 viewer');

  await menu.selectOption('q');
  const low = await showsHeight(viewer, (height) => height < best);
  await why.filter({ hasText: `${low}p: chosen` }).waitFor();
  for (const size of [{ width: 1280, height: 800 }, { width: 320, height: 640 }]) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await viewer.setViewportSize(size);
      await viewer.emulateMedia({ colorScheme });
      await viewer.mouse.move(size.width / 2, size.height / 2);
      await viewer.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector('.bar'))).opacity === '1');
      await viewer.screenshot({ path: `${folder}watch-quality-${size.width}-${colorScheme}.png` });
      assert.deepEqual(await misfits(viewer), [], `${size.width} px, ${colorScheme}`);
    }
  }

  await t.test('the menu and the figures leave each other alone on a phone', async () => {
    await viewer.setViewportSize({ width: 320, height: 640 });
    await viewer.getByTestId('stats-toggle').click();
    await viewer.locator('[data-figure="bitrate"]', { hasText: 'bit/s' }).waitFor();
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await viewer.emulateMedia({ colorScheme });
      await viewer.mouse.move(160, 320);
      await viewer.screenshot({ path: `${folder}watch-quality-figures-320-${colorScheme}.png` });
      assert.deepEqual(await misfits(viewer), [], colorScheme);
    }
    // Where the figures stand that have no menu to keep clear of.
    const panel = viewer.getByTestId('stats');
    await panel.evaluate((element) => Object.assign(element.style, { bottom: '4.25rem' }));
    assert.ok((await misfits(viewer)).some((words) => / lies under /.test(words)), 'a menu over the figures is found');
    await panel.evaluate((element) => Object.assign(element.style, { bottom: '' }));
    await viewer.getByTestId('stats-toggle').click();
  });

  // By keyboard: the first entry of the menu is automatic.
  await menu.focus();
  await viewer.keyboard.press('Home');
  await showsHeight(viewer, (height) => height === best);
  await why.filter({ hasText: /^Auto: / }).waitFor();
  assert.equal(await menu.inputValue(), '');
});

test('with one layer there is nothing to choose', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  await goLive(t, browser, server);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  // The number of viewers comes in the same stream of events as the layers, with the first report.
  await viewer.getByTestId('viewers').waitFor();
  await pictures(viewer, 60);
  assert.equal(await viewer.getByTestId('quality').isVisible(), false);
});
