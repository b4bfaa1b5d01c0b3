// The pages as people see them, kept in tests/output for people to look at.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { pictures } from '../src/video.js';

const folder = new URL('../../output/', import.meta.url).pathname;

const SCREENS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 740 },
};

test('home, watch and studio on a desk and on a phone, by day and by night', async (t) => {
  await mkdir(folder, { recursive: true });
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, 30);
  const home = await newPage(t, browser);
  await home.goto(server.url);
  await home.getByTestId('stream-item').first().waitFor();

  for (const [page, name] of /** @type {const} */ ([[home, 'home'], [viewer, 'watch'], [studio, 'studio']])) {
    for (const [screen, size] of Object.entries(SCREENS)) {
      for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${folder}${name}-${screen}-${colorScheme}.png` });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px wider than a ${screen}`);
      }
    }
  }
});
