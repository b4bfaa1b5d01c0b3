// The path of the media is cut, and the media finds another, in the same session: what the pages do by themselves
// (web-client/src/rtc/keeper.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { packetFilter } from '../../src/network.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { showsTheClock } from '../../src/seen_clock.js';
import { startServer } from '../../src/server.js';
import { path, pictures, statistics } from '../../src/video.js';

const N_PICTURES = 30;

/** What the studio sends (src/pages.js); after a cut its encoder may begin with less. */
const PICTURE = { codec: 'H264' };

/**
 * From the cut of every path to live again: a browser takes five seconds to miss answers, half a second is left for the path
 * to heal by itself, and two cores do everything else as well.
 */
const RECOVERY_MAX_MS = 15_000;

/**
 * A stream that is watched, where media has only UDP to take: over a TCP connection that browsers keep at hand it
 * would go on.
 * @param {import('node:test').TestContext} t
 * @param {string} side whose signaling is noted
 */
async function watchedStream(t, side) {
  const server = await startServer(t);
  const filter = await packetFilter(t);
  await filter.cutTcpPort(server.icePort);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);
  const page = side === 'publisher' ? studio : viewer;
  const signaling = /** @type {string[]} */ ([]);
  page.on('response', (response) => {
    if (/\/(whip|whep)\//.test(response.url())) signaling.push(`${response.request().method()} ${response.status()}`);
  });
  return { filter, page, viewer, signaling };
}

for (const side of ['publisher', 'viewer']) {
  test(`the path of the ${side} is cut, and media takes the next one`, async (t) => {
    const { filter, page, viewer, signaling } = await watchedStream(t, side);
    const before = await path(page);
    await filter.cutUdpPort(before.local.port);
    await page.waitForFunction(async (old) => {
      const report = await window.freshet?.peerConnection?.getStats();
      const entries = /** @type {any[]} */ ([...(report?.values() ?? [])]);
      const { selectedCandidatePairId } = entries.find(({ type }) => type === 'transport');
      const { localCandidateId } = entries.find(({ id }) => id === selectedCandidatePairId);
      return entries.find(({ id }) => id === localCandidateId).port !== old;
    }, before.local.port);
    t.diagnostic(await showsTheClock(viewer, PICTURE));
    assert.deepEqual(signaling.filter((line) => line.startsWith('POST')), [], 'the session is the same');
  });

  test(`all paths of the ${side} are cut, and an ICE restart finds another`, async (t) => {
    const { filter, page, viewer, signaling } = await watchedStream(t, side);
    const old = (await statistics(page, 'local-candidate')).map(({ port }) => port);
    for (const port of old) await filter.cutUdpPort(port);
    const cutAt = Date.now();
    await reach(page, 'recovering');
    await reach(page, 'live');
    const tookMs = Date.now() - cutAt;
    t.diagnostic(`live again ${tookMs} ms after the cut: ${signaling.join(', ')}`);
    t.diagnostic(await showsTheClock(viewer, PICTURE));
    assert.ok(tookMs <= RECOVERY_MAX_MS, `it took ${tookMs} ms`);
    assert.ok(!old.includes((await path(page)).local.port), 'media takes another path');
    assert.ok(signaling.includes('PATCH 200'), `no ICE restart in ${signaling}`);
    assert.deepEqual(signaling.filter((line) => line.startsWith('POST')), [], 'the session is the same');
  });
}
