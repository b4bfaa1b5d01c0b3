// Whether what a page says can be read: no text lies under something else, and none is cut off.

/**
 * What cannot be read, in words; empty where everything can.
 * @param {import('./video.js').Page} page
 * @returns {Promise<string[]>}
 */
export function illegible(page) {
  return page.evaluate(async () => {
    /** Half a pixel is how browsers round; letters do not fill their line to the rim. */
    const RIM_PX = 1.5;
    const found = /** @type {Set<string>} */ (new Set());
    // What fades in or out is judged when it has.
    const fades = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fades.map(({ finished }) => finished));
    // What lets clicks through covers as well as what takes them.
    const touchable = new CSSStyleSheet();
    touchable.replaceSync('* { pointer-events: auto !important; }');
    document.adoptedStyleSheets.push(touchable);

    /** What is there for those who listen is clipped to a pixel. */
    const isForListeners = (/** @type {Element} */ element) => {
      const { width, height } = element.getBoundingClientRect();
      return width <= 1 && height <= 1;
    };
    const isShown = (/** @type {Element} */ element) =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      && !element.closest('.skip') && !isForListeners(element);

    /** The lines of an element's own text, on the screen. */
    const linesOf = (/** @type {Element} */ element) => [...element.childNodes].flatMap((node) => {
      if (node.nodeType !== Node.TEXT_NODE || !node.textContent?.trim()) return [];
      const range = document.createRange();
      range.selectNodeContents(node);
      return [...range.getClientRects()].filter(({ width, height }) => width > 2 * RIM_PX && height > 2 * RIM_PX);
    });

    /** Whether it paints something at a point: text has no ground of its own, and neither does a box that only orders. */
    const paints = (/** @type {Element} */ element, /** @type {number} */ x, /** @type {number} */ y) => {
      const { backgroundColor, backgroundImage } = getComputedStyle(element);
      const alpha = /^rgba\(.*, ([\d.]+)\)$/.exec(backgroundColor)?.[1];
      if (Number(alpha ?? 1) > 0 || backgroundImage !== 'none') return true;
      if (/^(video|img|input|select|textarea|path|circle|rect)$/i.test(element.tagName)) return true;
      return linesOf(element).some(({ left, right, top, bottom }) => x >= left && x <= right && y >= top && y <= bottom);
    };

    /** What lies over a point of an element, if anything is seen there. */
    const coverAt = (/** @type {Element} */ element, /** @type {number} */ x, /** @type {number} */ y) => {
      for (const above of document.elementsFromPoint(x, y)) {
        if (element.contains(above) || above.contains(element)) return undefined;
        if (isShown(above) && paints(above, x, y)) return above;
      }
      return undefined;
    };

    /** Where an ancestor that clips leaves room for it; what the page scrolls to is not cut. */
    const isCut = (/** @type {Element} */ element, /** @type {DOMRect} */ { left, right, top, bottom }) => {
      for (let box = /** @type {Element | null} */ (element); box && box !== document.documentElement; box = box.parentElement) {
        const { overflow, textOverflow } = getComputedStyle(box);
        if (!/hidden|clip/.test(overflow) || textOverflow === 'ellipsis') continue;
        const room = box.getBoundingClientRect();
        if (left < room.left - RIM_PX || right > room.right + RIM_PX) return true;
        if (top < room.top - RIM_PX || bottom > room.bottom + RIM_PX) return true;
      }
      return left < -RIM_PX || right > document.documentElement.clientWidth + RIM_PX;
    };

    const nameOf = (/** @type {Element} */ element) => {
      const named = /** @type {HTMLElement} */ (element.closest('[data-testid]') ?? element);
      const own = element.textContent?.trim().replace(/\s+/g, ' ').slice(0, 40);
      return own ? `"${own}"` : (named.dataset['testid'] ?? element.tagName.toLowerCase());
    };

    for (const element of [...document.body.querySelectorAll('*')].filter(isShown)) {
      if (element.closest('select, svg') || linesOf(element).length === 0) continue;
      element.scrollIntoView({ block: 'center', behavior: 'instant' });
      for (const line of linesOf(element)) {
        if (isCut(element, line)) found.add(`${nameOf(element)} is cut off`);
        const { left, right, top, bottom } = line;
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        for (const at of [left + RIM_PX, (left + x) / 2, x, (x + right) / 2, right - RIM_PX]) {
          const cover = coverAt(element, at, y);
          if (cover) found.add(`${nameOf(element)} lies under ${nameOf(cover)}`);
        }
      }
    }
    scrollTo({ top: 0, behavior: 'instant' });
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== touchable);
    return [...found];
  });
}
