// The figures that the studio and the watch page show are those of what is sent, received and seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { packetFilter } from '../src/network.js';
import { goLive, reach, watch } from '../src/pages.js';
import { clockAges } from '../src/seen_clock.js';
import { startServer } from '../src/server.js';
import { comesTo, numberOf, shownFigures, shownLayers } from '../src/shown_figures.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { percentile } from '../src/percentile.js';
import { path, statistics } from '../src/video.js';

/** What the studio asks its pattern for. */
const FPS = 30;
const FPS_ERROR_MAX = 0.2;

/** An encoder may exceed its limit for a second, and sends less of a pattern that moves little. */
const OVER_LIMIT_MAX = 1.3;
const BITRATE_MIN_BPS = 20_000;

/** A round trip within a machine, on two cores that encode. */
const ROUND_TRIP_MAX_MS = 100;

/** How far the delay that is shown may be from the one that the clock in the picture tells. */
const DELAY_ERROR_MAX_MS = 100;

/** Every so manieth packet is dropped, and what loss is then shown, in percent: of a second's packets, not of all. */
const DROPPED_EVERY = 8;
const LOSS = { least: 4, most: 25 };

/** @param {number | undefined} value @param {number} least @param {number} most @param {string} what */
function between(value, least, most, what) {
  assert.ok(value !== undefined && value >= least && value <= most, `${what} is ${value}, not ${least} to ${most}`);
}

/** @param {import('playwright-core').Page} studio */
const encodings = (studio) => studio.evaluate(() => {
  const senders = window.freshet?.peerConnection?.getSenders() ?? [];
  const video = senders.find(({ track }) => track?.kind === 'video');
  return video?.getParameters().encodings.map(({ rid, maxBitrate }) => ({ rid, maxBitrate: Number(maxBitrate) })) ?? [];
});

test('what is shown while live', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { codec: 'VP8', simulcast: '1' });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await viewer.getByTestId('stats-toggle').click();
  await seesTheBestOfThree(studio, viewer);

  await t.test('the studio shows what it sends', async () => {
    const limits = await encodings(studio);
    const limitOfAll = limits.reduce((sum, { maxBitrate }) => sum + maxBitrate, 0);
    await comesTo(studio, () => shownFigures(studio), (shown) => {
      between(numberOf(shown['fps']), FPS * (1 - FPS_ERROR_MAX), FPS * (1 + FPS_ERROR_MAX), 'fps');
      between(numberOf(shown['bitrate']), 3 * BITRATE_MIN_BPS, OVER_LIMIT_MAX * limitOfAll, 'bitrate');
      between(numberOf(shown['round-trip']), 0, ROUND_TRIP_MAX_MS, 'round trip');
      assert.equal(shown['loss'], '0 %');
      assert.equal(shown['size'], '640×360');
      assert.equal(shown['codec'], 'VP8');
    });
  });

  await t.test('the studio shows each layer as it is sent', async () => {
    const limits = await encodings(studio);
    await comesTo(studio, async () => ({ rows: await shownLayers(studio), all: await shownFigures(studio) }), ({ rows, all }) => {
      assert.deepEqual(rows.map(({ rid, size }) => [rid, size]), [['q', '160×90'], ['h', '320×180'], ['f', '640×360']]);
      const rates = rows.map(({ bitrate }) => Number(numberOf(bitrate)));
      for (const [index, { rid, fps }] of rows.entries()) {
        const limit = limits.find((encoding) => encoding.rid === rid)?.maxBitrate ?? Number.NaN;
        between(rates[index], BITRATE_MIN_BPS, OVER_LIMIT_MAX * limit, `bitrate of ${rid}`);
        between(numberOf(fps), FPS * (1 - FPS_ERROR_MAX), FPS * (1 + FPS_ERROR_MAX), `fps of ${rid}`);
      }
      assert.deepEqual(rates, [...rates].sort((a, b) => a - b), 'a larger layer has more bits');
      const sum = rates.reduce((a, b) => a + b);
      between(numberOf(all['bitrate']), 0.9 * sum, 1.2 * sum, 'the sum of the layers');
    });
  });

  await t.test('the watch page shows what it receives, and how old that is', async (t) => {
    const received = async () => {
      const video = (await statistics(viewer, 'inbound-rtp')).find(({ kind }) => kind === 'video');
      return { shown: await shownFigures(viewer), ages: await clockAges(viewer, '640x360'), video };
    };
    const [full] = (await encodings(studio)).filter(({ rid }) => rid === 'f');
    await comesTo(viewer, received, ({ shown, ages, video }) => {
      between(numberOf(shown['fps']), FPS * (1 - FPS_ERROR_MAX), FPS * (1 + FPS_ERROR_MAX), 'fps');
      between(numberOf(shown['bitrate']), BITRATE_MIN_BPS, OVER_LIMIT_MAX * Number(full?.maxBitrate), 'bitrate');
      between(numberOf(shown['round-trip']), 0, ROUND_TRIP_MAX_MS, 'round trip');
      assert.equal(shown['loss'], '0 %');
      assert.equal(shown['size'], '640×360');
      assert.equal(shown['codec'], 'VP8');
      assert.equal(shown['freezes'], String(video?.freezeCount));
      const age = percentile(ages, 50);
      between(numberOf(shown['delay']), Math.max(1, age - DELAY_ERROR_MAX_MS), age + DELAY_ERROR_MAX_MS, 'delay');
      t.diagnostic(`a delay of ${shown['delay']} is shown, and pictures are ${age.toFixed(0)} ms old`);
    });
    assert.equal(await viewer.locator('[data-figure="delay"]').getAttribute('data-from'), 'capture');
  });

  await t.test('both show what is lost', async (t) => {
    const filter = await packetFilter(t);
    for (const page of [studio, viewer]) {
      const { local } = await path(page);
      if (page === studio) await filter.dropFromUdpPort(local.port, DROPPED_EVERY);
      else await filter.dropToUdpPort(local.port, DROPPED_EVERY);
    }
    for (const [name, page] of Object.entries({ studio, viewer })) {
      await comesTo(page, () => shownFigures(page), (shown) => {
        between(numberOf(shown['loss']), LOSS.least, LOSS.most, `loss at the ${name}`);
      });
      t.diagnostic(`${name}: ${(await shownFigures(page))['loss']}`);
    }
  });
});
