// Whether a page fits its window: nothing to scroll to sideways, no control and no text that is cut off or covered.
import { illegible } from './legible.js';

/**
 * What does not fit, in words; empty where everything does.
 * @param {import('./video.js').Page} page
 */
export async function misfits(page) {
  return [...await misplaced(page), ...await illegible(page)];
}

/**
 * The same of controls, and of the page as a whole.
 * @param {import('./video.js').Page} page
 * @returns {Promise<string[]>}
 */
function misplaced(page) {
  return page.evaluate(() => {
    /** Half a pixel is how browsers round; more is a cut. */
    const ROUNDING_PX = 0.5;
    const root = document.documentElement;
    const found = [];
    if (root.scrollWidth > root.clientWidth) {
      found.push(`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth}`);
    }

    /** Whether the page itself hides it: what is in the page but not on the screen cannot be cut off. */
    const isShown = (/** @type {HTMLElement} */ control) =>
      control.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !control.matches('.skip');

    /** Where an ancestor that clips leaves room for it. */
    const isClipped = (/** @type {HTMLElement} */ control) => {
      const { left, right, top, bottom } = control.getBoundingClientRect();
      for (let box = control.parentElement; box && box !== root; box = box.parentElement) {
        if (!/hidden|clip/.test(getComputedStyle(box).overflow)) continue;
        const room = box.getBoundingClientRect();
        const isInside = left >= room.left - ROUNDING_PX && right <= room.right + ROUNDING_PX
          && top >= room.top - ROUNDING_PX && bottom <= room.bottom + ROUNDING_PX;
        if (!isInside) return true;
      }
      return left < -ROUNDING_PX || right > root.clientWidth + ROUNDING_PX;
    };

    /** Whether what is written on a button has room there. */
    const isTooNarrow = (/** @type {HTMLElement} */ control) =>
      control instanceof HTMLButtonElement && control.scrollWidth > control.clientWidth;

    /** Whether a click in the middle of its first line goes elsewhere. */
    const isCovered = (/** @type {HTMLElement} */ control) => {
      control.scrollIntoView({ block: 'center', behavior: 'instant' });
      const { left, right, top, bottom } = /** @type {DOMRect} */ (control.getClientRects()[0]);
      return !control.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
    };

    const controls = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('a, button, input, select'));
    for (const control of [...controls].filter(isShown)) {
      const name = control.dataset.testid ?? control.textContent?.trim() ?? control.tagName;
      if (isClipped(control)) found.push(`${name} is cut off`);
      if (isTooNarrow(control)) found.push(`${name} has more to say than room`);
      if (isCovered(control)) found.push(`${name} is covered`);
    }
    scrollTo({ top: 0, behavior: 'instant' });
    return found;
  });
}
