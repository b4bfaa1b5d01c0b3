// A layer nobody watches is not sent, and is back when somebody comes: as soon as it would be there had it never gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { goLive, watch } from '../../src/pages.js';
import { startServer } from '../../src/server.js';

/** The server waits half a minute before it says that nobody watches, and the browser must know what its path carries. */
const REST_WITHIN_MS = 60_000;

/** How long the best picture may take, and how much longer where it was not sent: a second to be told, an encoder, a keyframe. */
const BEST_WITHIN_MS = 30_000;
const WAKE_WITHIN_MS = 3_000;

/** How often statistics are looked at: they are a second old anyway. */
const LOOK_MS = 1_000;

/**
 * Waits until these encodings send pictures and no others are on.
 * @param {import('playwright-core').Page} studio
 * @param {string[]} wanted
 */
async function sendsOnly(studio, wanted) {
  const sent = await studio.evaluate(
    async ({ wanted, lookMs, withinMs }) => {
      const until = performance.now() + withinMs;
      let before = /** @type {Record<string, number>} */ ({});
      for (;;) {
        const report = await window.freshet?.peerConnection?.getStats();
        const entries = /** @type {Record<string, any>[]} */ ([...(report?.values() ?? [])]);
        const video = entries.filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
        const on = video.filter(({ active }) => active);
        const move = on.every(({ rid, framesSent }) => framesSent > (before[rid] ?? Infinity));
        const rids = on.map(({ rid }) => rid).sort().join();
        if ((rids === wanted && move) || performance.now() > until) return move ? rids : `${rids}, not all of which move`;
        before = Object.fromEntries(on.map(({ rid, framesSent }) => [rid, framesSent]));
        await new Promise((resolve) => setTimeout(resolve, lookMs));
      }
    },
    { wanted: [...wanted].sort().join(), lookMs: LOOK_MS, withinMs: REST_WITHIN_MS },
  );
  assert.equal(sent, [...wanted].sort().join(), 'encodings that send pictures');
}

/**
 * Somebody opens the watch page: who, and after how many milliseconds the picture has this width.
 * @param {import('node:test').TestContext} test
 * @param {import('playwright-core').Browser} browser
 * @param {import('../../src/server.js').Server} server
 * @param {number} width
 */
async function join(test, browser, server, width) {
  const from = Date.now();
  const viewer = await watch(test, browser, server);
  const isSo = (/** @type {number} */ width) =>
    /** @type {HTMLVideoElement | null} */ (document.querySelector('[data-testid="video"]'))?.videoWidth === width;
  await viewer.waitForFunction(isSo, width, { timeout: BEST_WITHIN_MS });
  return { viewer, ms: Date.now() - from };
}

test('layers that nobody watches rest, and whoever comes has the best at once', async (t) => {
  // Half a minute is waited for on both at once: one has no viewer, the other one who chose a lower layer. LL-HLS would watch
  // all of them.
  const latency = 'ultra-low';
  const [left, lowered] = await Promise.all([startServer(t, { latency }), startServer(t, { latency })]);
  const browser = await launchChromium(t);
  const [leftStudio, loweredStudio] = await Promise.all(
    [left, lowered].map((server) => goLive(t, browser, server, { simulcast: '1' })),
  );
  assert.ok(leftStudio && loweredStudio);
  await Promise.all([leftStudio, loweredStudio].map((studio) => sendsOnly(studio, ['q', 'h', 'f'])));
  const awake = await join(t, browser, left, 640);
  await awake.viewer.close();
  const content = await join(t, browser, lowered, 640);
  // Whoever chooses a lower one needs none above it, until another comes.
  await content.viewer.getByTestId('quality-menu').selectOption('h');
  await Promise.all([sendsOnly(leftStudio, ['q']), sendsOnly(loweredStudio, ['q', 'h'])]);

  const asleep = await join(t, browser, left, 640);
  const other = await join(t, browser, lowered, 640);
  t.diagnostic(`the best picture after ${awake.ms} ms, and after ${asleep.ms} and ${other.ms} ms where it was not sent`);
  for (const { ms } of [asleep, other]) {
    assert.ok(ms - awake.ms < WAKE_WITHIN_MS, `${ms} ms, and ${awake.ms} ms had it been sent`);
  }
  await sendsOnly(leftStudio, ['q', 'h', 'f']);
});
