// What players cannot take as it comes is encoded anew: a publisher of VP8, and the death of the process that encodes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { clockStudio } from '../src/clock_studio.js';
import { watch } from '../src/pages.js';
import { seenBy, startPlayer } from '../src/players.js';
import { multivariant } from '../src/playlists.js';
import { startServer, STREAM } from '../src/server.js';
import { pictures } from '../src/video.js';

/** Two seconds of pictures begin the looking, and six are looked at. */
const N_WARM_UP = 60;
const N_PICTURES = 180;

/** HLS goes on so long after its encoder was killed, in ms. */
const RESUMES_WITHIN_MS = 3_000;
const GIVES_UP_AFTER_MS = 20_000;

/** WHEP's pictures are no further apart than on any busy machine, in ms. */
const WHEP_WAIT_MAX_MS = 500;

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

test('a worker that is killed costs HLS three seconds and WHEP nothing', async (t) => {
  const browser = await launchChromium(t);
  const server = await startServer(t);
  await clockStudio(t, browser, server, { codec: 'VP8' });
  const viewer = await watch(t, browser, server);
  await pictures(viewer, N_WARM_UP);
  const best = /^[0-9a-z]+\/live\.m3u8$/m.exec(await multivariant(server, /RESOLUTION/, /mp4a/))?.[0];
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
