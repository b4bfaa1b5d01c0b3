/**
 * The clock strip: the wall time as black and white cells in the first rows of a picture, to be
 * read by a machine on the other side, where the difference to its own clock is the true delay from
 * glass to glass.
 *
 * A strip is 40 cells wide, and two rows high: the cells, and below them their inverse. A cell is
 * 1/40 of the picture's width, and square. The first 32 cells are the time in units of 0.1 ms, modulo
 * 2^32, as a Gray code with the highest bit first; the last 8 are the CRC-8 of these four bytes.
 * White is one. The inverse gives every column its own threshold; the Gray code makes a picture that
 * blends two moments differ in few cells; the CRC refuses what the codec has made of the rest.
 */

const CELLS = 40;
const TIME_CELLS = 32;

/**
 * The least contrast between a cell and its inverse, of 255. Cells are drawn with 238; what a codec
 * leaves of them at a tolerable rate is well above a quarter of that.
 */
const CONTRAST_MIN = 64;

/** One unit of the strip, in milliseconds. */
export const UNIT_MS = 0.1;

/** The strip's clock: wall time in units, modulo 2^32. It wraps after five days. */
export function clockUnits(unixMs: number): number {
  return Math.round(unixMs / UNIT_MS) % 2 ** 32;
}

/** Now, on a clock that pages of one machine share. */
export function unixNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The cells of a moment, first to last; true is white. */
export function stripCells(units: number): boolean[] {
  const gray = (units ^ (units >>> 1)) >>> 0;
  const crc = crc8(gray);
  const bit = (value: number, index: number) => ((value >>> index) & 1) === 1;
  return [
    ...Array.from({ length: TIME_CELLS }, (_, index) => bit(gray, TIME_CELLS - 1 - index)),
    ...Array.from({ length: CELLS - TIME_CELLS }, (_, index) => bit(crc, 7 - index)),
  ];
}

/**
 * The two shades of a strip, white and black of each, which pictures take in turn: one is brighter by the same in all its cells.
 * Chromium's encoder of AV1, when it has little time, leaves a block as it was whose mean brightness is: two cells that have
 * changed places.
 */
const SHADES = [
  ['#fff', '#111'],
  ['#eee', '#000'],
] as const;

/** Draws the strip of a moment at the top of a picture, which has this number. */
export function drawStrip(
  canvas: CanvasRenderingContext2D,
  widthPx: number,
  units: number,
  picture: number,
): void {
  const cellPx = widthPx / CELLS;
  const [white, black] = SHADES[picture % 2 === 0 ? 0 : 1];
  stripCells(units).forEach((isWhite, index) => {
    const leftPx = Math.round(index * cellPx);
    const cellWidthPx = Math.round((index + 1) * cellPx) - leftPx;
    canvas.fillStyle = isWhite ? white : black;
    canvas.fillRect(leftPx, 0, cellWidthPx, cellPx);
    canvas.fillStyle = isWhite ? black : white;
    canvas.fillRect(leftPx, cellPx, cellWidthPx, cellPx);
  });
}

/** The part of an `ImageData` that reading needs: RGBA, at least two cells high. */
export interface Pixels {
  width: number;
  height: number;
  data: ArrayLike<number>;
}

/** Reads a strip; undefined where there is none, or it cannot be trusted. */
export function readStrip(pixels: Pixels): number | undefined {
  const cellPx = pixels.width / CELLS;
  if (pixels.height < cellPx * 2) return undefined;
  let gray = 0;
  let crc = 0;
  for (let index = 0; index < CELLS; index += 1) {
    const upper = brightness(pixels, index * cellPx, 0, cellPx);
    const lower = brightness(pixels, index * cellPx, cellPx, cellPx);
    if (Math.abs(upper - lower) < CONTRAST_MIN) return undefined;
    const bit = upper > lower ? 1 : 0;
    if (index < TIME_CELLS) gray = ((gray << 1) | bit) >>> 0;
    else crc = (crc << 1) | bit;
  }
  return crc8(gray) === crc ? fromGray(gray) : undefined;
}

/** Units that have passed from one moment to another, across the wrap. */
export function unitsBetween(from: number, to: number): number {
  return (to - from) | 0;
}

/** The mean green of a cell's middle half, where its neighbours do not bleed in. */
function brightness(pixels: Pixels, leftPx: number, topPx: number, cellPx: number): number {
  const from = (edgePx: number) => Math.floor(edgePx + cellPx / 4);
  const to = (edgePx: number) => Math.max(from(edgePx) + 1, Math.floor(edgePx + (cellPx * 3) / 4));
  let total = 0;
  let count = 0;
  for (let y = from(topPx); y < to(topPx); y += 1) {
    for (let x = from(leftPx); x < to(leftPx); x += 1) {
      total += pixels.data[(y * pixels.width + x) * 4 + 1] ?? 0;
      count += 1;
    }
  }
  return total / count;
}

function fromGray(gray: number): number {
  let units = gray;
  for (let shift = 1; shift < 32; shift *= 2) units ^= units >>> shift;
  return units >>> 0;
}

/** CRC-8 with the polynomial of ITU-T I.432.1, x^8 + x^2 + x + 1, over four bytes, highest first. */
function crc8(value: number): number {
  let crc = 0;
  for (let shift = 24; shift >= 0; shift -= 8) {
    crc ^= (value >>> shift) & 0xff;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}
