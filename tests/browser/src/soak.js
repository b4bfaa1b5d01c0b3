// `./dev soak sessions MINUTES`: viewers join and leave, the publisher reloads, and the server's memory must not follow.
import assert from 'node:assert/strict';
import { launchChromium } from './chromium.js';
import { clockStudio } from './clock_studio.js';
import { measureJoins } from './measure/joins.js';
import { reach } from './pages.js';
import { summary } from './percentile.js';
import { startServer } from './server.js';

/** Joins between two readings of memory. The first reading comes after as many: caches are full by then. */
const JOINS_PER_READING = 40;
/**
 * What the allocator may keep beyond the first reading, in KiB. One leaked session is about 70 KiB, so that a leak of
 * every session passes this within two readings.
 */
const GROWTH_KIB_MAX = 4096;

const minutes = Number(process.argv[2] ?? 10);
assert.ok(minutes > 0, 'say for how many minutes');
const [browser, server] = await Promise.all([launchChromium(), startServer()]);
try {
  const studio = await clockStudio(null, browser, server);
  const deadline = performance.now() + minutes * 60_000;
  const readings = [];
  do {
    const { p50, p95 } = summary(await measureJoins(browser, server, JOINS_PER_READING));
    await studio.reload();
    await reach(studio, 'live');
    readings.push(await server.residentKib());
    console.log(`${readings.at(-1)} KiB after ${readings.length * JOINS_PER_READING} joins, ` +
      `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`);
  } while (performance.now() < deadline || readings.length < 2);
  const growth = Math.max(...readings) - /** @type {number} */ (readings[0]);
  assert.ok(growth <= GROWTH_KIB_MAX, `the server grew by ${growth} KiB`);
  console.log(`soak passed: ${growth} KiB of growth in ${minutes} min`);
} finally {
  await Promise.all([browser.close(), server.stop()]);
}
