// A real browser watches over paths that lose, narrow and break: the simulator's networks, in real time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchedFromAfar } from '../src/afar.js';
import { told } from '../src/emulator.js';
import { percentile } from '../src/percentile.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { comesTo, numberOf, shownFigures } from '../src/shown_figures.js';
import { seen, view } from '../src/viewing.js';
import { pictures } from '../src/video.js';

/** How long a path that loses is watched: long enough for 40 losses a second apart to meet keyframes too. */
const LOSSY_MS = 20_000;
/** What the line of such a path takes, both ways: no figure on the page is shorter. */
const ROUND_TRIP_MS = 100;
/** The longest that a picture may stand still there: a retransmission takes a round trip, and a keyframe two. */
const FREEZE_MS_MAX = 1_000;
/** How long a viewer may take to come down: the estimate must see the queue first, and the keyframe must come. */
const DOWN_MS_MAX = 5_000;
/** How long it may take to see the best again where the path carries it. */
const UP_MS_MAX = 12_000;
/** How long the narrow path is watched once the viewer has come down. */
const NARROW_MS = 12_000;
/**
 * Capture to screen over the narrow path: its queue is 200 ms when full, and the estimate must keep it from staying so;
 * the line takes 25 ms, and what encodes, decodes and waits for its turn on two busy cores has the rest.
 */
const NARROW_DELAY_P95_MS_MAX = 400;
const OUTAGE_MS = 3_000;
/** How long after an outage the picture may stand still, on and off: one that shows and stops again is not back. */
const RETURN_MS_MAX = 1_000;
/** How long it is watched after an outage. */
const AFTER_MS = 10_000;

for (const [profile, what] of [['lossy', 'each for itself'], ['bursty', 'five in a row']]) {
  test(`2 % of the packets are lost, ${what}, and the picture never stands still for a second`, async (t) => {
    const { emulator, viewer } = await watchedFromAfar(t);
    await emulator.become(`--profile ${profile}`);
    const before = (await emulator.statistics()).down;
    const viewing = await view(viewer, LOSSY_MS);
    await viewer.getByTestId('stats-toggle').click();
    await comesTo(viewer, () => shownFigures(viewer), (shown) => {
      const [roundTrip, delay] = [numberOf(shown['round-trip']), numberOf(shown['delay'])];
      assert.ok(roundTrip !== undefined && roundTrip >= ROUND_TRIP_MS && roundTrip < 2 * ROUND_TRIP_MS, `round trip ${roundTrip} ms`);
      assert.ok(delay !== undefined && delay >= ROUND_TRIP_MS / 2 && delay < 1_000, `delay ${delay} ms`);
    });
    const { down } = await emulator.statistics();
    t.diagnostic(seen(viewing));
    const lost = down.dropped_line - before.dropped_line;
    const share = lost / (down.packets - before.packets);
    assert.ok(share > 0.01 && share < 0.03, `the path lost ${(share * 100).toFixed(1)} %`);
    assert.ok(viewing.longestMs < FREEZE_MS_MAX, `the picture stood still for ${viewing.longestMs.toFixed(0)} ms`);
  });
}

test('a path gets narrow and wide again, and the picture follows down and up', async (t) => {
  const { emulator, studio, viewer } = await watchedFromAfar(t, { simulcast: '1' });
  await emulator.become('--profile wide');
  await seesTheBestOfThree(studio, viewer);
  const { height: best } = await pictures(viewer, 1);

  await emulator.become('--profile narrow');
  const fall = await view(viewer, DOWN_MS_MAX, { least: 1, most: best - 1 });
  t.diagnostic(`down after ${fall.tookMs.toFixed(0)} ms: ${seen(fall)}`);
  assert.notEqual(fall.heights.at(-1), best, `no lower encoding within ${DOWN_MS_MAX} ms`);
  const narrow = await view(viewer, NARROW_MS);
  t.diagnostic(`narrow: ${seen(narrow)}`);
  t.diagnostic(`narrow: ${told((await emulator.statistics()).down)}`);
  assert.ok(!narrow.heights.includes(best), 'the best encoding does not fit, and is not tried');
  const delay = percentile(narrow.delays, 95);
  assert.ok(delay < NARROW_DELAY_P95_MS_MAX, `capture to screen p95 is ${delay.toFixed(0)} ms`);

  await emulator.become('--profile wide');
  const rise = await view(viewer, UP_MS_MAX, { least: best, most: best });
  t.diagnostic(`up after ${rise.tookMs.toFixed(0)} ms: ${seen(rise)}`);
  assert.equal(rise.heights.at(-1), best, `the best encoding is back within ${UP_MS_MAX} ms`);
});

test('nothing passes for three seconds, and the picture is back within one more', async (t) => {
  const { emulator, viewer } = await watchedFromAfar(t);
  await emulator.become('--profile cut');
  const outage = await view(viewer, OUTAGE_MS);
  await emulator.become('--profile good');
  const after = await view(viewer, AFTER_MS);
  t.diagnostic(`back after ${after.settledMs.toFixed(0)} ms: ${seen(after)}`);
  const { down } = await emulator.statistics();
  assert.ok(down.dropped_cut > 0 && outage.longestMs > OUTAGE_MS / 2, 'the picture stood still meanwhile');
  assert.ok(after.settledMs < RETURN_MS_MAX, `the picture stood still until ${after.settledMs.toFixed(0)} ms after it`);
});
