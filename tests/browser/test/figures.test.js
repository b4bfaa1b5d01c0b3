// The figures that people are promised, on fewer samples than `./dev bench` takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboveFloor, JOIN_MAX, misses, RELOAD_MAX } from '../src/bars.js';
import { launchChromium } from '../src/chromium.js';
import { clockStudio } from '../src/clock_studio.js';
import { measureGlass } from '../src/measure/glass.js';
import { measureJoins } from '../src/measure/joins.js';
import { measureReloads } from '../src/measure/reload.js';
import { summary } from '../src/percentile.js';
import { startServer } from '../src/server.js';

/** Their 95th percentile is the second worst. */
const N_JOINS = 20;

test('glass to glass is hardly more than from a page to itself', async (t) => {
  const [server, browser] = await Promise.all([startServer(t), launchChromium(t)]);
  const { floor, freshet } = await measureGlass(browser, server, { codec: 'H264', rounds: 2, nPictures: 150 });
  const [below, above] = [summary(floor.ages), summary(freshet.ages)];
  t.diagnostic(`floor p50 ${below.p50.toFixed(1)} p95 ${below.p95.toFixed(1)} ms`);
  t.diagnostic(`freshet p50 ${above.p50.toFixed(1)} p95 ${above.p95.toFixed(1)} ms`);
  assert.deepEqual(misses(above, aboveFloor(below), freshet.unreadable), []);
});

test('a player sees the first picture soon after its POST', async (t) => {
  const [server, browser] = await Promise.all([startServer(t), launchChromium(t)]);
  await clockStudio(t, browser, server);
  const joins = summary(await measureJoins(browser, server, N_JOINS));
  t.diagnostic(`joins p50 ${joins.p50.toFixed(1)} p95 ${joins.p95.toFixed(1)} ms`);
  assert.deepEqual(misses(joins, JOIN_MAX), []);
});

test('viewers see video again soon after the publisher has reloaded', async (t) => {
  const [server, browser] = await Promise.all([startServer(t), launchChromium(t)]);
  const reloads = summary(await measureReloads(browser, server, 3));
  t.diagnostic(`reload p50 ${reloads.p50.toFixed(1)} max ${reloads.max.toFixed(1)} ms`);
  assert.deepEqual(misses(reloads, RELOAD_MAX), []);
});
