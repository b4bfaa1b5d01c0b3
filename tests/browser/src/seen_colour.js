// What a page shows, by the colour of its middle.

/** What is left of a colour after an encoder for video, of 255. */
const COLOUR_ERROR_MAX = 40;

/**
 * Waits until the middle of what the viewer sees has a colour.
 * @param {import('playwright-core').Page} viewer
 * @param {[number, number, number]} rgb
 */
export async function sees(viewer, rgb) {
  await viewer.waitForFunction(({ rgb, errorMax }) => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
    const pixel = context.getImageData(0, 0, 1, 1).data;
    return rgb.every((value, index) => Math.abs(value - (pixel[index] ?? -1)) <= errorMax);
  }, { rgb, errorMax: COLOUR_ERROR_MAX });
}
