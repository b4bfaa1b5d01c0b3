// Players that others made beside each other on one stream, and what its publisher does that none of them may mind.
import { reach } from './pages.js';
import { ages, ALL_PLAYERS, seenBy, startPlayer } from './players.js';
import { segments } from './playlists.js';
import { pictures } from './video.js';

/** Two seconds of pictures begin the looking, four are looked at, and of two the clock is read. */
const N_WARM_UP = 60;
const N_PICTURES = 120;
const N_CLOCKS = 60;

/** In a smaller picture the clock cannot be read: a player may choose it where a machine is busy. */
const READABLE_PX = 320;

/** What is further behind than this the clock does not tell, which takes it for misread. */
const READABLE_S = 8;

/** Shaka takes what comes next for a segment, while there are few (docs/deviations.md); players of DASH begin with so many. */
const N_SEGMENTS = 6;

/** What a camera's pictures have after they became larger. */
const LARGER = [960, 540];
const USUAL = [640, 360];

/**
 * One player: what it showed each time that it was looked at, how old that was at the median, in ms, where that can be read,
 * how far behind it said that it was, in seconds, how often it had stood still and moved by then, and how many bytes of sound it had
 * decoded.
 * @typedef {{
 *   name: import('./players.js').Player, page: import('playwright-core').Page, told: string[], agesMs: number[],
 *   latenciesS: number[], stalls: number[], jumps: number[], soundBytes: number[],
 * }} Seat
 */

/**
 * @param {import('node:test').TestContext | null} test closes the pages when this ends
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.js').Server} server
 * @param {import('./players.js').Player} name
 * @returns {Promise<Seat>}
 */
async function takeSeat(test, browser, server, name) {
  const page = await startPlayer(test, browser, server, name);
  await pictures(page, N_WARM_UP);
  return { name, page, told: [], agesMs: [], latenciesS: [], stalls: [(await seenBy(page)).stalls], jumps: [], soundBytes: [] };
}

/**
 * All players that there are; hls.js is there first, as soon as there is anything.
 * @param {import('node:test').TestContext | null} test
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.js').Server} server
 * @returns {Promise<Seat[]>}
 */
export async function seatAll(test, browser, server) {
  const [first, ...others] = /** @type {[import('./players.js').Player]} */ (ALL_PLAYERS);
  const seat = await takeSeat(test, browser, server, first);
  await segments(server, N_SEGMENTS);
  const seats = [seat];
  // One after the other: who begins takes a small machine for a moment from those who play.
  for (const name of others) seats.push(await takeSeat(test, browser, server, name));
  return seats;
}

/**
 * What a player shows now.
 * @param {Seat} seat
 */
async function lookAt({ page, told, agesMs, latenciesS, stalls, jumps, soundBytes }) {
  const { width, longestMs } = await pictures(page, N_PICTURES);
  const { latencyS } = await seenBy(page);
  latenciesS.push(latencyS);
  let text = `${width} px wide, the longest wait for a picture ${longestMs.toFixed(0)} ms, ${latencyS.toFixed(1)} s by its own word`;
  // Shaka counts from the first date of any rendition. Beside one that began later, that is ahead of itself, and it says nothing.
  if (!(latencyS >= READABLE_S) && width >= READABLE_PX) {
    const { p50, p95 } = await ages(page, N_CLOCKS);
    agesMs.push(p50);
    text += `, p50 ${p50.toFixed(0)} ms old, p95 ${p95.toFixed(0)}`;
  }
  told.push(text);
  const seen = await seenBy(page);
  stalls.push(seen.stalls);
  jumps.push(seen.jumps);
  soundBytes.push(seen.soundBytes);
}

/**
 * Does something with all of them at once; what fails says with which.
 * @param {Seat[]} seats @param {(seat: Seat) => Promise<unknown>} act
 */
const withEach = (seats, act) =>
  Promise.all(seats.map((seat) =>
    act(seat).catch(async (cause) => {
      const { failures } = await seenBy(seat.page);
      throw new Error(`${[seat.name, ...failures].join('; ')}: ${cause.message}`, { cause });
    })));

/** Looks at all of them. @param {Seat[]} seats */
export const look = (seats) => withEach(seats, lookAt);

/** Until they have shown so many more pictures. @param {Seat[]} seats @param {number} count */
export const goOn = (seats, count) => withEach(seats, ({ page }) => pictures(page, count));

/**
 * What a publisher does: each takes `last` to wait for some seconds.
 * @type {Record<string, (studio: import('playwright-core').Page, last: () => Promise<unknown>) => Promise<void>>}
 */
export const PUBLISHER = {
  async 'is silent'(studio, last) {
    const microphone = studio.getByTestId('mic-select');
    const chosen = await microphone.inputValue();
    await microphone.selectOption('none');
    await last();
    await microphone.selectOption(chosen);
    await last();
  },
  async 'is larger'(studio, last) {
    await studio.evaluate(([width, height]) => clockSource.resize(Number(width), Number(height)), LARGER);
    await last();
    await studio.evaluate(([width, height]) => clockSource.resize(Number(width), Number(height)), USUAL);
    await last();
  },
  async reloads(studio, last) {
    await studio.reload();
    await reach(studio, 'live');
    await last();
  },
};
