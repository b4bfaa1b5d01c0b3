// What is listed of the stream, as players ask for it.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { STREAM } from './server.js';

/** How long a stream that is live may take until it can be played, and how often it is asked. */
const PLAYABLE_WITHIN_MS = 20_000;
const POLL_MS = 20;

/**
 * Waits until there is something to play, which is a moment after a studio is live.
 * @param {string} url of a multivariant playlist
 * @param {Record<string, string>} headers
 */
export async function playable(url, headers = {}) {
  const until = Date.now() + PLAYABLE_WITHIN_MS;
  for (;;) {
    const { status } = await fetch(url, { headers });
    if (status === 200) return;
    assert.ok(status === 404 && Date.now() < until, `${status}`);
    await sleep(POLL_MS);
  }
}

/**
 * The multivariant playlist, once it has everything that is wanted: a studio is live a moment before its stream is, and on a
 * busy machine the first list does not wait for all renditions.
 * @param {import('./server.js').Server} server
 * @param {RegExp[]} wanted
 */
export async function multivariant(server, ...wanted) {
  const until = Date.now() + PLAYABLE_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${server.url}/hls/${STREAM.name}/multivariant.m3u8`);
    const text = await response.text();
    if (response.ok && wanted.every((pattern) => pattern.test(text))) return text;
    assert.ok(response.ok || response.status === 404, `${response.status}`);
    assert.ok(Date.now() < until, text);
    await sleep(POLL_MS);
  }
}

/** The media playlist of the best rendition. @param {import('./server.js').Server} server */
export async function bestPlaylist(server) {
  const best = /^[0-9a-z]+\/live\.m3u8$/m;
  const [path] = best.exec(await multivariant(server, best)) ?? [];
  return `${server.url}/hls/${STREAM.name}/${path}`;
}

/** Waits until so many segments are listed. @param {import('./server.js').Server} server @param {number} n */
export async function segments(server, n) {
  const playlist = await bestPlaylist(server);
  for (let msn = 0; msn < n; msn += 1) {
    assert.equal((await fetch(`${playlist}?_HLS_msn=${msn}`)).status, 200);
  }
}
