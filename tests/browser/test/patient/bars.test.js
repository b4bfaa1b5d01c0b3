// A bar that nothing can miss promises nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboveFloor, misses, UNREADABLE_SHARE_MAX } from '../../src/bars.js';

const FIGURE = { n: 100, p50: 10, p95: 20, max: 30 };

test('a figure at its bar keeps it', () => {
  assert.deepEqual(misses(FIGURE, { p50: 10, p95: 20, max: 30 }, UNREADABLE_SHARE_MAX * FIGURE.n), []);
});

test('each part of a figure can miss its bar', () => {
  for (const part of /** @type {const} */ (['p50', 'p95', 'max'])) {
    const found = misses(FIGURE, { [part]: FIGURE[part] - 0.1 });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', new RegExp(`^${part} `));
  }
});

test('a figure that is no number misses its bar', () => {
  assert.equal(misses({ ...FIGURE, p95: Number.NaN }, { p95: 20 }).length, 1);
});

test('a clock that is seldom read misses the bar of every figure', () => {
  assert.equal(misses(FIGURE, {}, UNREADABLE_SHARE_MAX * FIGURE.n + 1).length, 1);
});

test('the bar of a glass figure stands on its floor', () => {
  assert.deepEqual(aboveFloor(FIGURE), { p50: 30, p95: 65 });
});
