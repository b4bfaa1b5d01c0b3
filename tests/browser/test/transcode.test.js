// What players cannot take as it comes is encoded anew: a publisher of VP8, and the death of the process that encodes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { reach, watch } from '../src/pages.js';
import { ages, seenBy, startPlayer } from '../src/players.js';
import { startServer, STREAM } from '../src/server.js';
import { pictures } from '../src/video.js';

/** Two seconds of pictures begin the looking, and six are looked at. */
const N_WARM_UP = 60;
const N_PICTURES = 180;

/** How old pictures may be, in ms: the bar is 2,400 on a machine that does nothing else. */
const AGE_MAX_MS = 4_000;

/** HLS goes on so long after its encoder was killed, in ms. */
const RESUMES_WITHIN_MS = 3_000;
const GIVES_UP_AFTER_MS = 20_000;

/** WHEP's pictures are no further apart than on any busy machine, in ms. */
const WHEP_WAIT_MAX_MS = 500;

/**
 * A studio of VP8 that is live, whose camera is a clock.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').Browser} browser
 * @param {import('../src/server.js').Server} server
 */
async function vp8Studio(t, browser, server) {
  const page = await newPage(t, browser, { permissions: ['camera', 'microphone'] });
  await page.addInitScript(() => clockSource.becomeCamera());
  const options = { source: 'camera', codec: 'VP8', simulcast: '0', resolution: '640x360', autostart: '1' };
  await page.goto(server.studioUrl({ ...options, bitrate: '1200' }));
  await reach(page, 'live');
}

/**
 * The multivariant playlist, once it lists pictures and AAC: on a busy machine the first one does not wait for all.
 * @param {import('../src/server.js').Server} server
 */
async function multivariant(server) {
  for (;;) {
    const response = await fetch(`${server.url}/hls/${STREAM.name}/multivariant.m3u8`);
    const text = await response.text();
    if (response.ok && text.includes('RESOLUTION') && text.includes('mp4a')) return text;
    assert.ok(response.ok || response.status === 404, `${response.status}`);
  }
}

/** What the player has of sound: decoded bytes, as Chromium counts them. @param {import('playwright-core').Page} page */
const soundBytes = (page) =>
  page.evaluate(() => {
    const video = document.querySelector('video');
    return /** @type {any} */ (video).webkitAudioDecodedByteCount;
  });

/**
 * When the last part that has media begins, by the playlist's own clock, which is this machine's: in ms since 1970.
 * @param {string} playlist
 */
async function lastMedia(playlist) {
  const text = await (await fetch(playlist)).text();
  let [at, last] = [0, 0];
  for (const line of text.split('\n')) {
    const date = /^#EXT-X-PROGRAM-DATE-TIME:(.*)$/.exec(line);
    if (date) at = Date.parse(date[1] ?? '');
    const duration = /^#EXT-X-PART:DURATION=([0-9.]+)/.exec(line);
    if (duration && !line.includes('GAP=YES')) last = at;
    if (duration) at += 1_000 * Number(duration[1]);
  }
  return last;
}

/**
 * Waits for media that begins after a moment: nobody but who came after can have encoded it. How long that took, in ms.
 * @param {string} playlist @param {number} moment
 */
async function mediaSince(playlist, moment) {
  while ((await lastMedia(playlist)) <= moment) {
    assert.ok(Date.now() - moment < GIVES_UP_AFTER_MS, await (await fetch(playlist)).text());
  }
  return Date.now() - moment;
}

test('hls.js plays what a browser publishes as VP8, with AAC', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t);
  await vp8Studio(t, browser, server);
  const text = await multivariant(server);
  const first = /CODECS="(.*?)",RESOLUTION=(\S+?),/.exec(text);
  assert.match(first?.[1] ?? '', /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/, text);
  const page = await startPlayer(t, browser, server, 'hls.js');
  await ages(page, N_WARM_UP);
  const before = { ...(await seenBy(page)), sound: await soundBytes(page) };
  const { p50, p95 } = await ages(page, N_PICTURES);
  const { failures, stalls, firstMs } = await seenBy(page);
  const sound = (await soundBytes(page)) - before.sound;
  t.diagnostic(
    `${first?.[2]}, first picture ${firstMs.toFixed(0)} ms, then p50 ${p50.toFixed(0)} ms old, p95 ${p95.toFixed(0)}, ` +
      `${stalls} stalls, ${sound} bytes of sound`,
  );
  assert.deepEqual(failures, []);
  assert.ok(p50 > 300 && p50 < AGE_MAX_MS, `p50 ${p50} ms`);
  assert.ok(sound > 10_000, `${sound} bytes of sound were decoded`);
  assert.ok(stalls - before.stalls <= 2, `it stood still ${stalls - before.stalls} times`);
});

test('a worker that is killed costs HLS three seconds and WHEP nothing', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t);
  await vp8Studio(t, browser, server);
  const viewer = await watch(t, browser, server);
  await pictures(viewer, N_WARM_UP);
  const best = /^[0-9a-z]+\/live\.m3u8$/m.exec(await multivariant(server))?.[0];
  const playlists = [best, 'aac/live.m3u8'].map((path) => `${server.url}/hls/${STREAM.name}/${path}`);
  const workers = await server.transcodeWorkers();
  assert.ok(workers.length >= 2, `${workers}`);
  const page = await startPlayer(t, browser, server, 'hls.js');
  await pictures(page, N_WARM_UP);
  const smooth = pictures(viewer, N_PICTURES);
  const killedAt = Date.now();
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  const resumed = await Promise.all(playlists.map((playlist) => mediaSince(playlist, killedAt)));
  const { longestMs } = await smooth;
  // Beyond what the player had in its buffer when they died.
  await pictures(page, N_PICTURES);
  const { failures } = await seenBy(page);
  const aac = await (await fetch(playlists[1] ?? '')).text();
  t.diagnostic(
    `pictures after ${resumed[0]} ms, sound after ${resumed[1]} ms; ` +
      `WHEP's longest wait for a picture ${longestMs.toFixed(0)} ms`,
  );
  assert.deepEqual(failures, []);
  // Silence takes the place of what was lost: there is no hole that a player could stop at.
  assert.ok(!aac.includes('GAP'), aac);
  assert.ok(Math.max(...resumed) < RESUMES_WITHIN_MS, `${resumed} ms`);
  assert.ok(longestMs < WHEP_WAIT_MAX_MS, `WHEP stood still for ${longestMs} ms`);
});
