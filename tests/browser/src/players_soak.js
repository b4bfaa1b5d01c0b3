// `./dev soak players MINUTES`: players of HLS and DASH play for so long; first hls.js alone, of what is passed on and of what
// is encoded anew, against the bars of docs/performance.md, then all players while the publisher does what none of them may mind.
import assert from 'node:assert/strict';
import { goOn, look, PUBLISHER, seatAll } from './audience.js';
import { HLS_MAX, HLS_TRANSCODED_MAX, misses } from './bars.js';
import { launchChromium } from './chromium.js';
import { clockStudio } from './clock_studio.js';
import { summary } from './percentile.js';
import { samplesOf, seenBy, startPlayer } from './players.js';
import { multivariant } from './playlists.js';
import { startServer } from './server.js';

/** A player settles in ten seconds of pictures; ten at a time are looked at; something happens after as many. */
const N_PICTURES = 300;
const N_LAST = 150;

const minutes = Number(process.argv[2] ?? 10);
assert.ok(minutes > 0, 'say for how many minutes');

/** How often a player may stand still for each thing that its publisher did. */
const STALLS_MAX = 2;

/** What has missed its bar. */
const missed = /** @type {string[]} */ ([]);

/**
 * Does something with a server and a browser of its own until the time is over.
 * @param {(
 *   browser: import('playwright-core').Browser, server: import('./server.js').Server, isOver: () => boolean,
 * ) => Promise<void>} act
 */
async function forMinutes(act) {
  const [browser, server] = await Promise.all([launchChromium(), startServer()]);
  try {
    const deadline = performance.now() + minutes * 60_000;
    await act(browser, server, () => performance.now() >= deadline);
  } finally {
    await Promise.all([browser.close(), server.stop()]);
  }
}

/** @param {string} name @param {Record<string, string>} publisher @param {import('./bars.js').Bar} bar @param {RegExp} listed */
const alone = (name, publisher, bar, listed) =>
  forMinutes(async (browser, server, isOver) => {
    await clockStudio(null, browser, server, publisher);
    await multivariant(server, listed);
    const page = await startPlayer(null, browser, server, 'hls.js');
    await samplesOf(page, N_PICTURES);
    const before = await seenBy(page);
    const all = { ages: /** @type {number[]} */ ([]), unreadable: 0 };
    while (!isOver()) {
      const { ages, unreadable } = await samplesOf(page, N_PICTURES);
      all.ages.push(...ages);
      all.unreadable += unreadable;
    }
    const { stalls, failures, firstMs } = await seenBy(page);
    const { n, p50, p95, max } = summary(all.ages);
    const told = `p50 ${p50.toFixed(0)} ms old, p95 ${p95.toFixed(0)}, at most ${max.toFixed(0)}, of ${n} pictures`;
    console.log(`${name}: first picture ${firstMs.toFixed(0)} ms, ${told}, ${stalls - before.stalls} stalls`);
    missed.push(...misses({ n, p50, p95, max }, bar, all.unreadable).map((why) => `${name}: ${why}`));
    missed.push(...failures.map((why) => `${name}: ${why}`));
    if (stalls > before.stalls) missed.push(`${name}: it stood still ${stalls - before.stalls} times`);
  });

/** @param {string} name @param {Record<string, string>} publisher @param {RegExp} listed */
const together = (name, publisher, listed) =>
  forMinutes(async (browser, server, isOver) => {
    const studio = await clockStudio(null, browser, server, publisher);
    await multivariant(server, listed);
    const seats = await seatAll(null, browser, server);
    const last = () => goOn(seats.slice(0, 1), N_LAST);
    const happenings = Object.entries(PUBLISHER);
    let n = 0;
    await look(seats);
    while (!isOver()) {
      const [what, happen] = /** @type {(typeof happenings)[0]} */ (happenings[n % happenings.length]);
      await happen(studio, last);
      await goOn(seats, N_PICTURES);
      await look(seats);
      n += 1;
      console.log(`${name}: the publisher ${what}; ${seats.map(({ name, told }) => `${name} ${told.at(-1)}`).join('; ')}`);
    }
    for (const { name: player, page, stalls } of seats) {
      const { failures } = await seenBy(page);
      const stood = (stalls.at(-1) ?? 0) - (stalls[1] ?? 0);
      console.log(`${name}: ${player} stood still ${stood} times while its publisher did ${n} things`);
      missed.push(...failures.map((why) => `${name}: ${player}: ${why}`));
      if (stood > STALLS_MAX * n) missed.push(`${name}: ${player} stood still ${stood} times`);
    }
  });

const H264 = /** @type {const} */ ([{ codec: 'H264', simulcast: '1' }, /RESOLUTION/]);
const VP8 = /** @type {const} */ ([{ codec: 'VP8', simulcast: '0' }, /avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION/]);
await alone('H.264 simulcast', H264[0], HLS_MAX, H264[1]);
await alone('VP8', VP8[0], HLS_TRANSCODED_MAX, VP8[1]);
await together('H.264 simulcast, all players', ...H264);
await together('VP8, all players', ...VP8);
for (const miss of missed) console.log(`missed: ${miss}`);
if (missed.length > 0) process.exitCode = 1;
else console.log(`soak passed: ${minutes} min each`);
