// The ruler itself: what reads the clock must read it right, and must see damage.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { percentile, summary } from '../../src/percentile.js';

test('a percentile is a sample, and no sample is an error', () => {
  const samples = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual(summary(samples), { n: 100, p50: 50, p95: 95, max: 100 });
  assert.equal(percentile([7], 50), 7);
  assert.throws(() => percentile([], 50), /no samples/);
});

/** Of 60 pictures, how many may be too blurred to read. */
const UNREADABLE_MAX = 2;

test('the clock strip', async (t) => {
  const page = await newPage(t, await launchChromium(t));
  await page.goto('about:blank');

  await t.test('reads back every value that it writes', async () => {
    const wrong = await page.evaluate(() => {
      const values = [0, 1, 2 ** 31, 2 ** 32 - 1];
      for (let value = 1; value < 2 ** 32; value = value * 3 + 7) values.push(value >>> 0);
      return values.filter((value) => clockStrip.valueFrom(clockStrip.cellsOf(value)) !== value);
    });
    assert.deepEqual(wrong, []);
  });

  await t.test('refuses a strip with one or two damaged cells', async () => {
    const accepted = await page.evaluate(() => {
      const cells = clockStrip.cellsOf(0x1234_5678);
      const flip = (/** @type {number[]} */ bits, /** @type {number} */ at) =>
        bits.map((bit, index) => (index === at ? 1 - bit : bit));
      let count = 0;
      for (let a = 0; a < cells.length; a += 1) {
        if (clockStrip.valueFrom(flip(cells, a)) !== null) count += 1;
        for (let b = a + 1; b < cells.length; b += 1) {
          if (clockStrip.valueFrom(flip(flip(cells, a), b)) !== null) count += 1;
        }
      }
      return count;
    });
    assert.equal(accepted, 0);
  });

  for (const codec of ['H264', 'VP8', 'VP9', 'AV1']) {
    await t.test(`survives ${codec} from a page to itself`, async (t) => {
      const { ages, unreadable } = await page.evaluate(async (name) => {
        const video = await loopbackVideo(name, 2_500_000);
        // A new encoder needs a second to find its rate, and blurs until then.
        await pictureAges(video, 30);
        return pictureAges(video, 60);
      }, codec);
      const { p50, p95 } = summary(ages);
      t.diagnostic(`${codec}: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, ${unreadable} unreadable`);
      assert.ok(unreadable <= UNREADABLE_MAX, `${unreadable} of 60 strips unreadable`);
      assert.ok(p50 > 1 && p50 < 1000, `implausible p50: ${p50} ms`);
      await page.reload();
    });
  }
});
