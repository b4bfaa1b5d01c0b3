// A real browser watches over the worst corners of the simulator's matrix (load-tests/sim/src/trial.rs), in real time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchedFromAfar } from '../src/afar.js';
import { counted, shownPercent, since, smoothness } from '../src/smoothness.js';
import { pictures } from '../src/video.js';
import { view } from '../src/viewing.js';

/**
 * Losses in percent over a round trip in ms, in a row on average (0: each for itself); how many of the publisher's pictures, in
 * percent, must be shown; how long one may stand still; and how long of a minute the simulator lets the picture be frozen. The
 * last is told and not held: two browsers that share cores with anything else are frozen by them, and a simulated one is not.
 */
const PATHS = [
  { loss: 1, roundTripMs: 100, burst: 0, shownMin: 99, stillMsMax: 500, frozenMs: 0 },
  { loss: 5, roundTripMs: 100, burst: 0, shownMin: 98, stillMsMax: 1_000, frozenMs: 300 },
  { loss: 10, roundTripMs: 100, burst: 0, shownMin: 95, stillMsMax: 1_000, frozenMs: 1_000 },
  { loss: 10, roundTripMs: 200, burst: 0, shownMin: 95, stillMsMax: 1_000, frozenMs: 2_000 },
  { loss: 20, roundTripMs: 200, burst: 0, shownMin: 90, stillMsMax: 2_000, frozenMs: 12_000 },
  { loss: 20, roundTripMs: 200, burst: 3, shownMin: 90, stillMsMax: 2_000, frozenMs: 12_000 },
];
/** How long each is watched. */
const WATCHED_MS = 15_000;
/** Pictures until the receiver's buffer has grown to a new round trip: what it takes to learn is not what the path costs. */
const N_LEARNING = 60;

test('up to a fifth of the packets is lost over up to 200 ms, and the picture goes on', async (t) => {
  // Where HLS wants a keyframe every two seconds, Chromium leaves out pictures that it waits for as soon as a keyframe after them is
  // whole: the picture stands still for no longer, and what is shown says nothing of repairs.
  const { emulator, studio, viewer } = await watchedFromAfar(t, {}, 'ultra-low');
  const missed = [];
  for (const { loss, roundTripMs, burst, shownMin, stillMsMax, frozenMs } of PATHS) {
    await emulator.become(`--latency-ms ${roundTripMs / 2} --loss ${loss * 10} --burst ${burst}`);
    await pictures(viewer, N_LEARNING);
    const [line, before] = [(await emulator.statistics()).down, await counted(studio, viewer)];
    const { longestMs } = await view(viewer, WATCHED_MS);
    const seen = since(before, await counted(studio, viewer));
    const { down } = await emulator.statistics();
    const lost = (100 * (down.dropped_line - line.dropped_line)) / (down.packets - line.packets);
    const path = `${loss} % over ${roundTripMs} ms${burst > 0 ? `, ${burst} in a row` : ''}`;
    const figures = `${smoothness(seen)} (the simulator's bound: ${frozenMs}), longest wait ${longestMs.toFixed(0)} ms`;
    t.diagnostic(`${path} (lost ${lost.toFixed(1)} %): ${figures}`);
    assert.ok(lost > loss / 2 && lost < loss * 2, `${path}: the line lost ${lost.toFixed(1)} %`);
    if (shownPercent(seen) < shownMin || longestMs > stillMsMax) missed.push(`${path}: ${figures}`);
  }
  assert.deepEqual(missed, []);
});

/** A path that becomes longer looks like a queue; the node needs this long to see that it is none. */
const LEARNING_MS = 10_000;
/** Of the pictures, of whichever encoding. */
const SHOWN_MIN = 70;
const STILL_MS_MAX = 2_000;
/** Of the sound, of which a fifth is lost on the way. */
const CONCEALED_PERCENT_MAX = 4;

test('a path that becomes longer and loses a fifth is heard, and seen in an encoding that it carries', async (t) => {
  const { emulator, studio, viewer } = await watchedFromAfar(t, { simulcast: '1' });
  await emulator.become('--latency-ms 100 --loss 200');
  await view(viewer, LEARNING_MS);
  const before = await counted(studio, viewer);
  const { longestMs } = await view(viewer, WATCHED_MS);
  const seen = since(before, await counted(studio, viewer));
  const figures = `${smoothness(seen)}, longest wait ${longestMs.toFixed(0)} ms`;
  t.diagnostic(figures);
  assert.ok(shownPercent(seen) >= SHOWN_MIN && longestMs <= STILL_MS_MAX, figures);
  assert.ok(100 * seen.concealed <= CONCEALED_PERCENT_MAX * seen.samples, figures);
});
