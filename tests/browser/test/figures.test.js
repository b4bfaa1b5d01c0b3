// The figures that people are promised, on fewer samples than `./dev bench` takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { clockStudio, measureGlass } from '../src/measure/glass.js';
import { measureJoins } from '../src/measure/joins.js';
import { measureReloads } from '../src/measure/reload.js';
import { summary } from '../src/percentile.js';
import { startServer } from '../src/server.js';

/** What Freshet may add to the delay that browsers have among themselves, in ms. */
const GLASS_ADDED_MAX = { p50: 20, p95: 45 };
/** From the POST of a player to its first picture, in ms. */
const JOIN_MAX = { p50: 250, p95: 500 };
/** From the new POST of a reloaded studio to video on the watch page, in ms. */
const RELOAD_MAX_MS = 2000;
/** A clock that is read in fewer pictures than this measures something else. */
const UNREADABLE_SHARE_MAX = 0.05;

test('glass to glass is hardly more than from a page to itself', async (t) => {
  const [server, browser] = await Promise.all([startServer(t), launchChromium(t)]);
  const { floor, freshet } = await measureGlass(browser, server, { codec: 'H264', rounds: 3, nPictures: 150 });
  const [below, above] = [summary(floor.ages), summary(freshet.ages)];
  t.diagnostic(`floor p50 ${below.p50.toFixed(1)} p95 ${below.p95.toFixed(1)} ms`);
  t.diagnostic(`freshet p50 ${above.p50.toFixed(1)} p95 ${above.p95.toFixed(1)} ms`);
  assert.ok(freshet.unreadable <= UNREADABLE_SHARE_MAX * above.n, `${freshet.unreadable} unreadable`);
  assert.ok(above.p50 <= below.p50 + GLASS_ADDED_MAX.p50, `p50 ${above.p50} over ${below.p50}`);
  assert.ok(above.p95 <= below.p95 + GLASS_ADDED_MAX.p95, `p95 ${above.p95} over ${below.p95}`);
});

test('a player sees the first picture soon after its POST', async (t) => {
  const [server, browser] = await Promise.all([startServer(t), launchChromium(t)]);
  await clockStudio(browser, server);
  const { p50, p95 } = summary(await measureJoins(browser, server, 50));
  t.diagnostic(`joins p50 ${p50.toFixed(1)} p95 ${p95.toFixed(1)} ms`);
  assert.ok(p50 <= JOIN_MAX.p50, `p50 ${p50} ms`);
  assert.ok(p95 <= JOIN_MAX.p95, `p95 ${p95} ms`);
});

test('viewers see video again soon after the publisher has reloaded', async (t) => {
  const [server, browser] = await Promise.all([startServer(t), launchChromium(t)]);
  const { p50, max } = summary(await measureReloads(browser, server, 3));
  t.diagnostic(`reload p50 ${p50.toFixed(1)} max ${max.toFixed(1)} ms`);
  assert.ok(max <= RELOAD_MAX_MS, `${max} ms`);
});
