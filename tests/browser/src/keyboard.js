// A person without a mouse: goes from control to control by Tab, and always sees where they are.
import assert from 'node:assert/strict';

/** More stops than any page has; past them the control cannot be reached. */
const STOPS_MAX = 40;

/**
 * Presses Tab until a control has the focus. At every stop on the way the focus must be seen.
 * @param {import('playwright-core').Page} page
 * @param {string} testId
 */
export async function tabTo(page, testId) {
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    await page.keyboard.press('Tab');
    const { name, trouble } = await focus(page);
    assert.equal(trouble, '', `the focus on ${name} is seen`);
    if (name === testId) return;
  }
  assert.fail(`Tab does not lead to ${testId}`);
}

/**
 * What has the focus, and what keeps a person from seeing that: nothing, it is hoped.
 * @param {import('playwright-core').Page} page
 */
function focus(page) {
  return page.evaluate(async () => {
    const control = /** @type {HTMLElement | null} */ (document.activeElement);
    // Past the last control the focus is the browser's own for one stop.
    if (!control || control === document.body) return { name: 'the page', trouble: '' };
    // Controls that fade in are seen when they have.
    const fades = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.all(fades.map(({ finished }) => finished));
    const name = control.dataset.testid ?? control.textContent?.trim() ?? control.tagName;
    const { outlineStyle, outlineWidth } = getComputedStyle(control);
    const { left, right, top, bottom } = /** @type {DOMRect} */ (control.getClientRects()[0]);
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    let trouble = '';
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) trouble = 'it has no ring';
    if (!control.checkVisibility({ opacityProperty: true, visibilityProperty: true })) trouble = 'it is hidden';
    if (!control.contains(hit)) trouble = 'it is off the screen, or covered';
    return { name, trouble };
  });
}
