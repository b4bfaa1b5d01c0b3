// The same stream for a mass audience: LL-HLS and DASH, in the players that others made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, look, PUBLISHER, seatAll } from '../src/audience.js';
import { launchChromium } from '../src/chromium.js';
import { clockStudio } from '../src/clock_studio.js';
import { ages, seenBy, startPlayer } from '../src/players.js';
import { bestPlaylist, multivariant, segments } from '../src/playlists.js';
import { readAll } from '../src/segments.js';
import { startServer } from '../src/server.js';
import { pictures } from '../src/video.js';

/** Pictures for which the publisher goes on as it is, and for which it does what no player may mind. */
const N_UNTOUCHED = 360;
const N_LAST = 120;

/** Players of DASH come to what happened some ten seconds later. */
const N_UNTIL_LAST = 60;

/**
 * How old pictures may be, in ms, by what a player aims at; a machine that compiles at the same time adds a part or two. By DASH
 * what is encoded anew is played as it is made, and what is passed on from whole segments.
 */
const AGE_MAX_MS = {
  H264: { 'hls.js': 5_000, 'Shaka, HLS': 9_000, 'Shaka, DASH': 15_000, 'dash.js': 14_000 },
  VP8: { 'hls.js': 5_000, 'Shaka, HLS': 9_000, 'Shaka, DASH': 6_000, 'dash.js': 6_000 },
};
const AGE_MIN_MS = 300;

/** Of `standard` latency: so many segments have the three seconds that players hold back. */
const N_SEGMENTS_HELD_BACK = 3;

/** How old its pictures are: three parts of a second behind, and what a part takes to be whole and to come. */
const STANDARD_AGE_MIN_MS = 2_500;
const STANDARD_AGE_MAX_MS = 7_000;

/** Of sound, between two looks: twenty seconds and more, of which ten are as good as silent. */
const SOUND_BYTES_LEAST = 10_000;

/** Of each codec: what a playlist has after a minute. */
const SEGMENTS_LEAST = 10;

/** How often a player may stand still, of its own accord and where the publisher did something. */
const STALLS_MAX = 2;

/** How often one may move over what it lacks, from the first look on: none does but dash.js, now and then. */
const JUMPS_MAX = 2;

/** dash.js stands still for a moment with each discontinuity of what is passed on, of which a publisher that returns makes two or three. */
const STALLS_OF_DASH_JS_MAX = 4;

/**
 * dash.js at times takes another quality without its init section, and begins anew by itself (docs/deviations.md).
 * @param {import('../src/players.js').Player} name
 * @param {string} failure
 */
const isItsOwn = (name, failure) => name === 'dash.js' && /PIPELINE_ERROR_DECODE/.test(failure);

/**
 * A minute of a stream in all players at once.
 * @param {import('node:test').TestContext} t
 * @param {{ codec: keyof typeof AGE_MAX_MS, simulcast: string }} publisher
 * @param {RegExp} listed what the multivariant playlist has
 */
async function minute(t, publisher, listed) {
  const browser = await launchChromium(t);
  const server = await startServer(t);
  const studio = await clockStudio(t, browser, server, publisher);
  t.diagnostic(/^#EXT-X-STREAM-INF.*$/m.exec(await multivariant(server, listed))?.[0] ?? '');
  const seats = await seatAll(t, browser, server);
  const began = Date.now();
  const last = () => goOn(seats.slice(0, 1), N_LAST);

  await look(seats);
  await goOn(seats.slice(0, 1), N_UNTOUCHED);
  await look(seats);
  for (const [what, happens] of Object.entries(PUBLISHER)) {
    t.diagnostic(`${new Date().toISOString()} the publisher ${what}`);
    await happens(studio, last);
  }
  await goOn(seats, N_UNTIL_LAST);
  await look(seats);
  t.diagnostic(`${((Date.now() - began) / 1000).toFixed(0)} s`);

  await t.test('MP4Box and ffprobe read every segment', async (t) => {
    const counts = await readAll(server);
    t.diagnostic(Object.entries(counts).map(([codec, count]) => `${count} of ${codec}`).join(', '));
    for (const codec of [/^avc1/, /^mp4a/, /^Opus/i]) {
      const n = Object.entries(counts).filter(([name]) => codec.test(name)).reduce((sum, [, count]) => sum + count, 0);
      assert.ok(n >= SEGMENTS_LEAST, `${n} segments of ${codec}`);
    }
  });

  for (const { name, page, told, agesMs, latenciesS, stalls, jumps, soundBytes } of seats) {
    await t.test(name, async (t) => {
      const { failures, firstMs, stood, moved } = await seenBy(page);
      t.diagnostic(`first picture ${firstMs.toFixed(0)} ms, ${told.join('; ')}; stalls ${stalls.join(', ')}; jumps ${jumps.join(', ')}`);
      for (const stall of stood) t.diagnostic(`stood still ${stall}`);
      for (const jump of moved) t.diagnostic(`moved ${jump}`);
      assert.deepEqual(failures.filter((failure) => !isItsOwn(name, failure)), []);
      soundBytes.slice(1).forEach((bytes, look) => {
        const before = /** @type {number} */ (soundBytes[look]);
        // A player that begins anew counts anew, and dash.js does that.
        const since = name === 'dash.js' && bytes < before ? bytes : bytes - before;
        assert.ok(since > SOUND_BYTES_LEAST, `${since} bytes of sound were decoded, of ${soundBytes}`);
      });
      const ageMaxMs = AGE_MAX_MS[publisher.codec][name];
      for (const p50 of agesMs) assert.ok(p50 > AGE_MIN_MS && p50 < ageMaxMs, `p50 ${p50} ms`);
      const said = latenciesS.filter((latency) => !Number.isNaN(latency));
      for (const latency of said) assert.ok(latency * 1_000 < ageMaxMs, `${latency} s behind, it says`);
      assert.ok(said.length + agesMs.length > 0, 'nothing says how far behind it is');
      const [atFirst, begun, untouched, all] = /** @type {[number, number, number, number]} */ (stalls);
      // The first player of a stream begins with half a second of it.
      assert.ok(untouched - Math.max(atFirst, begun) <= STALLS_MAX, `it stood still of its own accord: ${stalls}`);
      const mostStalls = name === 'dash.js' ? STALLS_OF_DASH_JS_MAX : STALLS_MAX;
      assert.ok(all - untouched <= mostStalls, `it stood still while the publisher did something: ${stalls}`);
      assert.ok(Number(jumps.at(-1)) - Number(jumps[0]) <= JUMPS_MAX, `it moves over what it has not shown: ${jumps}`);
    });
  }
}

test('players that others made play a minute of what a browser publishes as H.264 simulcast', (t) =>
  minute(t, { codec: 'H264', simulcast: '1' }, /RESOLUTION/));

test('players that others made play a minute of what is encoded anew from VP8', (t) =>
  minute(t, { codec: 'VP8', simulcast: '0' }, /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION/));

test('hls.js plays a stream of standard latency from parts of a second', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t, { latency: 'standard' });
  await clockStudio(t, browser, server);
  const live = await (await fetch(await bestPlaylist(server))).text();
  assert.match(live, /^#EXT-X-PART-INF:PART-TARGET=1(\.0+)?$/m);
  // With less than that before it a player begins nearer to the end.
  await segments(server, N_SEGMENTS_HELD_BACK);
  const page = await startPlayer(t, browser, server, 'hls.js');
  await pictures(page, N_LAST);
  const { p50 } = await ages(page, N_LAST);
  const { failures, stalls } = await seenBy(page);
  t.diagnostic(`${p50.toFixed(0)} ms behind, ${stalls} stalls`);
  assert.deepEqual(failures, []);
  assert.ok(p50 > STANDARD_AGE_MIN_MS && p50 < STANDARD_AGE_MAX_MS, `p50 ${p50} ms`);
  assert.ok(stalls <= STALLS_MAX, `it stood still ${stalls} times`);
});
