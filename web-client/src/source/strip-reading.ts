import { clockUnits, readStrip, UNIT_MS, unitsBetween, unixNowMs } from './clock-strip.ts';

/** Rows of a picture that can hold the strip: 2 of 40 cells of its width, and one to spare. */
const STRIP_SHARE = 3 / 40;

let canvas: OffscreenCanvasRenderingContext2D | null | undefined;

/**
 * How old the picture is that a video shows, in milliseconds, by its clock strip; undefined without
 * a readable one. Publisher and viewer must share a clock, as pages of one machine do.
 */
export function pictureAgeMs(video: HTMLVideoElement): number | undefined {
  const width = video.videoWidth;
  const height = Math.ceil(width * STRIP_SHARE);
  if (width === 0) return undefined;
  canvas ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  if (!canvas) return undefined;
  if (canvas.canvas.width !== width || canvas.canvas.height !== height) {
    canvas.canvas.width = width;
    canvas.canvas.height = height;
  }
  canvas.drawImage(video, 0, 0, width, height, 0, 0, width, height);
  const now = clockUnits(unixNowMs());
  const then = readStrip(canvas.getImageData(0, 0, width, height));
  return then === undefined ? undefined : unitsBetween(then, now) * UNIT_MS;
}
