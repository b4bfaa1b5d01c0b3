// A client restarts ICE by PATCH, and only then its old path is cut: nobody notices. Our pages restart when a path is cut
// already (test/network_cut.test.js), so that the order is one that only a client under a test's control has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { packetFilter } from '../../src/network.js';
import { reach, watch } from '../../src/pages.js';
import { STREAM, startServer } from '../../src/server.js';
import { path, pictures, statistics } from '../../src/video.js';

/** A viewer does not notice a pause of so many ms: less than the second after which players show a spinner. */
const PAUSE_MAX_MS = 1000;

test('after an ICE restart the old path is cut, and pictures go on', async (t) => {
  const server = await startServer(t);
  const filter = await packetFilter(t);
  await filter.cutTcpPort(server.icePort);
  const browser = await launchChromium(t);
  const publisher = await newPage(t, browser);
  await publisher.goto(server.url);
  await publisher.evaluate(async ({ name, key }) => {
    // The home page has no connection of its own to show.
    window.freshet = undefined;
    window.bare = await bareWhip(`/whip/${name}`, key);
  }, STREAM);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, 30);
  const old = (await statistics(publisher, 'local-candidate')).map(({ port }) => port);

  await publisher.evaluate(() => window.bare?.restart());
  await publisher.waitForFunction(async (old) => {
    const report = await window.freshet?.peerConnection?.getStats();
    const entries = /** @type {any[]} */ ([...(report?.values() ?? [])]);
    const selected = entries.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
    const pair = entries.find(({ id }) => id === selected);
    const local = entries.find(({ id }) => id === pair?.localCandidateId);
    return local && !old.includes(local.port);
  }, old);
  for (const port of old) await filter.cutUdpPort(port);

  const { longestMs } = await pictures(viewer, 150);
  assert.ok(longestMs <= PAUSE_MAX_MS, `a pause of ${longestMs} ms`);
  assert.ok(!old.includes((await path(publisher)).local.port));
});
