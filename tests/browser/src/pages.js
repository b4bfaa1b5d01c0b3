// The product's pages, opened as a person would and waited for by what they say.
import { newPage } from './chromium.js';
import { STREAM } from './server.js';

/** How long a page may take to be live, on a machine that compiles at the same time. */
const WITHIN_MS = 30_000;

/** The studio's own picture at a size that two cores can encode beside everything else. */
const QUICK = { resolution: '640x360', autostart: '1' };

/**
 * A studio that goes live by itself.
 * @param {import('node:test').TestContext | null} test closes it when this ends
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.js').Server} server
 * @param {Record<string, string>} options of the studio's address
 */
export async function goLive(test, browser, server, options = {}, stream = STREAM) {
  const page = await newPage(test, browser, { permissions: ['camera', 'microphone'] });
  await page.goto(server.studioUrl({ source: 'pattern', ...QUICK, ...options }, stream));
  await reach(page, 'live');
  return page;
}

/**
 * @param {import('node:test').TestContext | null} test closes it when this ends
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.js').Server} server
 */
export async function watch(test, browser, server, stream = STREAM.name, fragment = '') {
  const page = await newPage(test, browser);
  await page.goto(server.watchUrl(stream) + fragment);
  return page;
}

/**
 * Waits until the page says that it is in this state.
 * @param {import('playwright-core').Page} page
 * @param {string} state
 */
export async function reach(page, state, withinMs = WITHIN_MS) {
  const reached = (/** @type {string} */ wanted) => window.freshet?.state === wanted;
  try {
    await page.waitForFunction(reached, state, { timeout: withinMs });
  } catch (cause) {
    const { is, error } = await page.evaluate(() => ({
      is: window.freshet?.state,
      error: document.querySelector('[data-testid="error"]')?.textContent?.trim(),
    }));
    throw new Error(`the page is ${is}, not ${state}: ${error ?? 'it says nothing'}`, { cause });
  }
}

/**
 * Waits until a watch page plays in this way.
 * @param {import('playwright-core').Page} page
 * @param {string} way
 */
export async function plays(page, way, withinMs = WITHIN_MS) {
  await page.waitForFunction((way) => window.freshet?.via === way && window.freshet.state === 'live', way, { timeout: withinMs });
}
