// What a publisher is told of its stream for those who do not play it by WHEP.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { reach } from '../../src/pages.js';
import { startServer } from '../../src/server.js';

/**
 * The sum of a metric over its labels that contain this.
 * @param {import('../../src/server.js').Server} server @param {string} name @param {string} label
 */
async function metric(server, name, label) {
  const lines = (await (await fetch(`${server.url}/metrics`)).text()).split('\n');
  const values = lines.filter((line) => line.startsWith(`${name}{`) && line.includes(`"${label}"`));
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

test('a studio of a picture a second that nothing encodes says both, until it stops', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t, { latency: 'low', transcode: false });
  const page = await newPage(t, browser, { permissions: ['camera', 'microphone'] });
  await page.addInitScript(() => clockSource.becomeCamera(640, 360, 1));
  const options = { source: 'camera', codec: 'VP8', simulcast: '0', resolution: '640x360', autostart: '1' };
  await page.goto(server.studioUrl(options));
  await reach(page, 'live');

  const warnings = page.getByTestId('warnings');
  await warnings.locator('[data-warning="no-transcoder"]').waitFor();
  await warnings.locator('[data-warning="few-pictures"]').waitFor();
  const text = await warnings.innerText();
  assert.match(text, /HLS and DASH/);
  assert.match(text, /Choose H264/, 'what to do');
  assert.match(text, /smaller resolution/, 'what to do');
  for (const name of ['no-transcoder', 'few-pictures']) {
    assert.equal(await metric(server, 'bridge_warnings_total', name), 1, name);
  }

  await page.getByTestId('stop').click();
  await warnings.waitFor({ state: 'hidden' });
});
