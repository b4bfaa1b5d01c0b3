// The figures on the studio and the watch page, as numbers: what a person reads there.

/** What is written where a figure is not known. */
const UNKNOWN = '–';

/**
 * `1.25 Mbit/s` in bit/s, `12 ms` in ms, `30 fps`, `0.5 %` in percent; NaN for what is none of these, and undefined for
 * what is not known.
 * @param {string | undefined} text
 */
export function numberOf(text) {
  if (text === undefined || text === UNKNOWN) return undefined;
  const [, number, unit] = /^([\d.]+) (\S+)$/.exec(text) ?? [];
  const scale = { 'Mbit/s': 1e6, 'kbit/s': 1e3, ms: 1, fps: 1, '%': 1 }[unit ?? ''];
  return Number(number) * (scale ?? Number.NaN);
}

/**
 * The panel of figures.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<Record<string, string>>} by `data-figure`
 */
export function shownFigures(page) {
  return page.evaluate(() => {
    const cells = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-figure]'));
    return Object.fromEntries([...cells].map((cell) => [cell.dataset.figure, cell.textContent ?? '']));
  });
}

/**
 * The studio's table of layers, low to high.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<Record<string, string>[]>} rows by `data-cell`, and `rid`
 */
export function shownLayers(page) {
  return page.evaluate(() => {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-testid="layer-row"]'));
    return [...rows].map((row) => {
      const cells = /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll('[data-cell]'));
      return {
        rid: row.dataset.rid ?? '',
        ...Object.fromEntries([...cells].map((cell) => [cell.dataset.cell, cell.textContent ?? ''])),
      };
    });
  });
}

/** The figures change once a second; a machine that compiles at the same time has seconds that are not as usual. */
const READINGS_MAX = 20;

/**
 * Reads again and again until a reading is as it should be, and fails with what is wrong with the last.
 * @template R
 * @param {import('./video.js').Page} page
 * @param {() => Promise<R>} read
 * @param {(reading: R) => void} check throws
 */
export async function comesTo(page, read, check) {
  for (let left = READINGS_MAX; ; left -= 1) {
    const reading = await read();
    try {
      return void check(reading);
    } catch (error) {
      if (left === 0) throw error;
    }
    await changes(page);
  }
}

/** Waits until the figures have been written again. @param {import('./video.js').Page} page */
function changes(page) {
  return page.evaluate(() => new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      resolve(undefined);
    });
    const cell = /** @type {Element} */ (document.querySelector('[data-figure="bitrate"]'));
    observer.observe(cell, { childList: true });
  }));
}
