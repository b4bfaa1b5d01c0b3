import { describe, expect, it } from 'vitest';
import {
  clockUnits,
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

describe('a clock strip', () => {
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
