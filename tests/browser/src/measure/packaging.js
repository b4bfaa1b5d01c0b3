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
  await studio.context().close();
  await server.stop();
  return { server: (after.server - before.server) / wallMs, workers: (after.workers - before.workers) / wallMs };
}

/**
 * Rounds with and without alternate.
 * @param {import('playwright-core').Browser} browser
 * @param {number} rounds
 * @returns {Promise<{ rendition: number[], stream: number[] }>} percent of a core: for one rendition that is passed on, and
 * for the whole stream with AAC
 */
export async function measurePackaging(browser, rounds) {
  const [rendition, stream] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let round = 0; round < rounds; round += 1) {
    const without = await usage(browser, 'ultra-low');
    const packaged = await usage(browser, 'low');
    const added = packaged.server - without.server;
    rendition.push((100 * added) / N_PASSED_ON);
    stream.push(100 * (added + packaged.workers - without.workers));
  }
  return { rendition, stream };
}
