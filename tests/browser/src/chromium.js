// Chromium, as a person's but for a camera that needs nobody before it.
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', // tests run as root in a namespace of their own, and open only our pages
  '--disable-gpu',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The namespace has only loopback, which WebRTC leaves out of its candidates.
  '--allow-loopback-in-peer-connection',
  // Two pages are open at a time, and the one behind must run at full speed.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  // A publisher of 640x360 sends all three encodings, as it would at 1280x720 on a faster machine.
  '--force-fieldtrials=WebRTC-LegacySimulcastLayerLimit/Disabled/',
];

const PAGE_SCRIPTS = ['clock_strip.js', 'clock_source.js', 'ages.js', 'loopback.js', 'bare_whip.js'];

/**
 * @typedef {{
 *   playsSoundUnasked?: boolean, sharedTab?: string, nCameras?: number, trustsAnyServer?: boolean, program?: string,
 * }} Person what a browser lets pages do: play sound before a click, and share the tab of this title where a page asks for a
 * screen (it is asked for a camera as well, then); how many cameras it has; whether a certificate that the server made
 * itself will do; what is started in Chromium's place
 */

/**
 * @param {import('node:test').TestContext | null} test closes the browser when this ends
 * @param {Person} person
 */
export async function launchChromium(
  test = null,
  { playsSoundUnasked = true, sharedTab, nCameras = 1, trustsAnyServer = false, program } = {},
) {
  const executablePath = program ?? process.env.FRESHET_CHROMIUM ?? '/usr/bin/chromium';
  const args = [
    ...FLAGS,
    `--use-fake-device-for-media-stream=device-count=${nCameras}`,
    `--autoplay-policy=${playsSoundUnasked ? 'no-user-gesture' : 'document-user-activation'}-required`,
    sharedTab ? `--auto-select-tab-capture-source-by-title=${sharedTab}` : '--use-fake-ui-for-media-stream',
    ...(trustsAnyServer ? ['--ignore-certificate-errors'] : []),
  ];
  const browser = await chromium.launch({ executablePath, args });
  test?.after(() => browser.close());
  return browser;
}

/**
 * A page in a context of its own (storage, permissions), with the scripts of page/.
 * @param {import('node:test').TestContext | null} test closes it when this ends
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} options
 */
export async function newPage(test, browser, options = {}) {
  const context = await browser.newContext(options);
  test?.after(() => context.close());
  const page = await context.newPage();
  for (const name of PAGE_SCRIPTS) {
    await page.addInitScript({ path: new URL(`../page/${name}`, import.meta.url).pathname });
  }
  return page;
}
