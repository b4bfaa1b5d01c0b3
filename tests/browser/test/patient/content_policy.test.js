// The pages ask for nothing that their Content-Security-Policy forbids: they work, and the browser complains of nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { reach } from '../../src/pages.js';
import { startServer } from '../../src/server.js';
import { pictures } from '../../src/video.js';

/**
 * A page, and what the browser says of it that names the policy.
 * @param {import('node:test').TestContext} test
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 */
async function open(test, browser, url) {
  const page = await newPage(test, browser);
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

test('home, watch and studio keep to their policy', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const settings = { source: 'pattern', autostart: '1', resolution: '640x360' };
  const studio = await open(t, browser, server.studioUrl(settings));
  await reach(studio.page, 'live');
  const viewer = await open(t, browser, server.watchUrl());
  await reach(viewer.page, 'live');
  await pictures(viewer.page, 30);
  await viewer.page.getByTestId('stats-toggle').click();
  await viewer.page.getByTestId('stats').waitFor();
  const home = await open(t, browser, server.url);
  await home.page.getByTestId('stream-item').first().waitFor();
  for (const { page, complaints } of [studio, viewer, home]) {
    assert.deepEqual(complaints, [], page.url());
    // A complaint would have been heard: an inline style is one.
    const heard = page.waitForEvent('console', (message) => message.text().includes('Content Security Policy'));
    await page.evaluate(() => document.body.setAttribute('style', 'color: red'));
    await heard;
    assert.equal(complaints.length, 1);
  }
});
