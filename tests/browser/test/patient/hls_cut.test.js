// The path of a publisher is cut without a goodbye, and players of HLS see a picture that stands still.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { packetFilter } from '../../src/network.js';
import { goLive } from '../../src/pages.js';
import { seenBy, startPlayer } from '../../src/players.js';
import { startServer, STREAM } from '../../src/server.js';
import { pictures } from '../../src/video.js';

/** Two seconds of pictures before the cut, and five after it. */
const N_BEFORE = 60;
const N_AFTER = 150;

/** Of pictures that go on, one in half a second at least. A machine that compiles at the same time adds as much. */
const LONGEST_MS = 2_000;

/**
 * Waits until a segment has begun and ended: two to five seconds, which is longer than what a player has in its buffer, and
 * shorter than a browser takes to miss answers.
 * @param {import('../../src/server.js').Server} server
 */
async function wholeSegment(server) {
  const playlist = `${server.url}/hls/${STREAM.name}/opus/live.m3u8`;
  const text = await (await fetch(playlist)).text();
  const open = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + text.split('#EXTINF').length - 1;
  assert.equal((await fetch(`${playlist}?_HLS_msn=${open + 1}`)).status, 200);
}

test('the path of the publisher is cut for some seconds, and hls.js plays on', async (t) => {
  const server = await startServer(t, { latency: 'low' });
  const filter = await packetFilter(t);
  const browser = await launchChromium(t);
  await goLive(t, browser, server, { codec: 'H264', simulcast: '1' });
  const page = await startPlayer(t, browser, server, 'hls.js');
  await pictures(page, N_BEFORE);
  const before = await seenBy(page);
  const looking = pictures(page, N_AFTER);
  await filter.cutUdpPort(server.icePort);
  await wholeSegment(server);
  await filter.mend();
  const { longestMs } = await looking;
  const after = await seenBy(page);
  t.diagnostic(`the longest wait for a picture ${longestMs.toFixed(0)} ms, stalls ${after.stalls - before.stalls}`);
  assert.deepEqual(after.failures, []);
  assert.ok(longestMs < LONGEST_MS, `${longestMs} ms without a picture`);
});
