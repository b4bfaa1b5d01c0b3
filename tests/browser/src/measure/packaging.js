// What packaging costs: the server's CPU with LL-HLS, less that without, while the same browser publishes the same.
import { setTimeout as sleep } from 'node:timers/promises';
import { clockStudio } from '../clock_studio.js';
import { multivariant } from '../playlists.js';
import { startServer } from '../server.js';

/** A stream settles, and is measured before what nobody watches comes to rest (30 s). */
const SETTLE_MS = 6_000;
const MEASURE_MS = 20_000;

/** What is passed on: pictures in three sizes, and Opus. AAC is made. */
const N_PASSED_ON = 4;

/**
 * The share of a core that the server and its workers used.
 * @param {import('playwright-core').Browser} browser
 * @param {string} latency
 */
async function usage(browser, latency) {
  const server = await startServer(null, { latency });
  const studio = await clockStudio(null, browser, server, { simulcast: '1' });
  if (latency !== 'ultra-low') await multivariant(server, /RESOLUTION/, /mp4a/);
  await sleep(SETTLE_MS);
  const began = performance.now();
  const before = await server.cpuMs();
  await sleep(MEASURE_MS);
  const after = await server.cpuMs();
  const wallMs = performance.now() - began;
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  await studio.context().close();
  await server.stop();
  const share = (/** @type {'server' | 'workers'} */ of) => (after[of] - before[of]) / wallMs;
  return { server: share('server'), workers: share('workers'), metrics };
}

/**
 * Of all parts, how many took longer than so many seconds from the first packet of the frame after them to being servable, in
 * percent.
 * @param {string} metrics
 * @param {string} seconds a bound of the histogram's
 */
function partsOver(metrics, seconds) {
  const read = (/** @type {string} */ series) => {
    const line = metrics.split('\n').find((text) => text.startsWith(`hls_part_latency_seconds${series} `));
    return Number(line?.split(' ').at(-1));
  };
  return 100 * (1 - read(`_bucket{le="${seconds}"}`) / read('_count'));
}

/**
 * Rounds with and without alternate.
 * @param {import('playwright-core').Browser} browser
 * @param {number} rounds
 * @returns {Promise<Record<'rendition' | 'stream' | 'overTwo' | 'overTen', number[]>>} percent of a core: for one rendition that
 * is passed on, and for the whole stream with AAC; and percent of parts that took over 2 and over 10 ms
 */
export async function measurePackaging(browser, rounds) {
  /** @type {Record<'rendition' | 'stream' | 'overTwo' | 'overTen', number[]>} */
  const found = { rendition: [], stream: [], overTwo: [], overTen: [] };
  for (let round = 0; round < rounds; round += 1) {
    const without = await usage(browser, 'ultra-low');
    const packaged = await usage(browser, 'low');
    const added = packaged.server - without.server;
    found.rendition.push((100 * added) / N_PASSED_ON);
    found.stream.push(100 * (added + packaged.workers - without.workers));
    found.overTwo.push(partsOver(packaged.metrics, '0.002'));
    found.overTen.push(partsOver(packaged.metrics, '0.01'));
  }
  return found;
}
