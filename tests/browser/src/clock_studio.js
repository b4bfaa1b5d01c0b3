// A studio that is live, whose camera is a clock.
import { newPage } from './chromium.js';
import { reach } from './pages.js';

/** What it is encoded with: the studio's bitrate for 360 lines would do as well, but must be the same everywhere. */
export const BITRATE_KBPS = 1500;

/**
 * @param {import('node:test').TestContext | null} test closes it when this ends
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.js').Server} server
 * @param {Record<string, string>} options of the studio's address
 */
export async function clockStudio(test, browser, server, options = {}) {
  const page = await newPage(test, browser, { permissions: ['camera', 'microphone'] });
  await page.addInitScript(() => clockSource.becomeCamera());
  const all = { source: 'camera', codec: 'H264', simulcast: '0', resolution: '640x360', autostart: '1', ...options };
  await page.goto(server.studioUrl({ bitrate: String(BITRATE_KBPS), ...all }));
  await reach(page, 'live');
  return page;
}
