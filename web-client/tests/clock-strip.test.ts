import { describe, expect, it } from 'vitest';
import {
  clockUnits,
  drawStrip,
  type Pixels,
  readStrip,
  stripCells,
  unitsBetween,
} from '../src/source/clock-strip.ts';

/** The strip of a moment as a picture of so many pixels per cell. */
function pictureOf(units: number, cellPx = 16): Pixels & { data: number[] } {
  const cells = stripCells(units);
  const width = cells.length * cellPx;
  const height = cellPx * 3;
  const data = new Array<number>(width * height * 4).fill(128);
  for (let y = 0; y < cellPx * 2; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isWhite = cells[Math.floor(x / cellPx)] === y < cellPx;
      data.fill(isWhite ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

/** How bright the two rows of each cell are together, in a picture of this number. */
function meansOf(units: number, picture: number): number[] {
  const means = new Map<number, number>();
  const canvas = {
    fillStyle: '',
    fillRect(leftPx: number) {
      const brightness = Number.parseInt(canvas.fillStyle.slice(1, 2), 16);
      means.set(leftPx, (means.get(leftPx) ?? 0) + brightness);
    },
  };
  drawStrip(canvas as unknown as CanvasRenderingContext2D, 640, units, picture);
  return [...means.values()];
}

describe('a clock strip', () => {
  // An encoder that has little time leaves a block whose mean is as it was.
  it('is brighter or darker than the one before it in all cells by the same', () => {
    const [one, other] = [meansOf(0x12345678, 0), meansOf(0x12345699, 1)];
    expect(one).toHaveLength(40);
    const steps = new Set(one.map((mean, index) => mean - (other[index] ?? 0)));
    expect([...steps]).toEqual([2]);
    expect(meansOf(0x12345678, 2)).toEqual(one);
  });


  it.each([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1_763_720_000])(
    'brings %i across',
    (units) => {
      expect(readStrip(pictureOf(units))).toBe(units);
    },
  );

  it('is readable in a picture a quarter of the size', () => {
    expect(readStrip(pictureOf(123_456_789, 4))).toBe(123_456_789);
  });

  it('is refused when any one cell has flipped', () => {
    const cells = stripCells(987_654_321).length;
    for (let cell = 0; cell < cells; cell += 1) {
      const picture = pictureOf(987_654_321);
      for (let y = 0; y < 32; y += 1) {
        for (let x = cell * 16; x < cell * 16 + 16; x += 1) {
          const at = (y * picture.width + x) * 4;
          picture.data.fill(255 - (picture.data[at] ?? 0), at, at + 3);
        }
      }
      expect(readStrip(picture)).toBeUndefined();
    }
  });

  it('is refused when a cell and its inverse are alike', () => {
    const picture = pictureOf(5);
    picture.data.fill(128, 0, 16 * 4);
    for (let y = 0; y < 32; y += 1) {
      picture.data.fill(128, y * picture.width * 4, (y * picture.width + 16) * 4);
    }
    expect(readStrip(picture)).toBeUndefined();
  });

  it('is not seen in a picture without one', () => {
    const picture = pictureOf(5);
    picture.data.fill(80);
    expect(readStrip(picture)).toBeUndefined();
    expect(readStrip({ width: 640, height: 8, data: [] })).toBeUndefined();
  });

  it('counts across the wrap of its clock', () => {
    expect(unitsBetween(0xfffffff0, 0x10)).toBe(0x20);
    expect(unitsBetween(0x10, 0xfffffff0)).toBe(-0x20);
    expect(clockUnits(2 ** 32 / 10 + 1.5)).toBe(15);
  });
});
