// A network that lets no UDP through: media takes TCP, on the same port.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { packetFilter } from '../../src/network.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { startServer } from '../../src/server.js';
import { path, pictures } from '../../src/video.js';

test('without UDP, both sides connect over TCP', async (t) => {
  const server = await startServer(t);
  const filter = await packetFilter(t);
  await filter.cutUdpPort(server.icePort);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server);
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, 60);
  for (const page of [studio, viewer]) assert.equal((await path(page)).local.protocol, 'tcp');
});
