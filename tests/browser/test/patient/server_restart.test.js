// The server goes away while a stream is watched, and comes back with the same data on the same ports: its sessions are
// gone, and both pages make new ones by themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { showsTheClock } from '../../src/seen_clock.js';
import { startServer } from '../../src/server.js';

/**
 * From the server's return to pictures at the viewer. A server that was killed says nothing: a browser misses its answers
 * after some five seconds, and the viewer's first try may be before the studio's.
 */
const RETURN_MAX_MS = { SIGKILL: 12_000, SIGTERM: 8_000 };

/** How long is waited to tell how long it took. */
const WITHIN_MS = 40_000;

const PICTURE = { codec: 'H264', size: '640x360' };

/**
 * A stream that is watched, and a note of what its pages ask the server.
 * @param {import('node:test').TestContext} t
 */
async function watchedStream(t) {
  // As people run it: a page that is refused by WHEP may look for HLS, which is gone as well.
  const server = await startServer(t);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { simulcast: '0' });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await showsTheClock(viewer, PICTURE);
  const answers = /** @type {string[]} */ ([]);
  for (const [name, page] of Object.entries({ studio, viewer })) {
    page.on('response', (response) => {
      const method = response.request().method();
      if (/\/(whip|whep)\/\w+$/.test(new URL(response.url()).pathname) && method === 'POST') {
        answers.push(`${name} ${response.status()}`);
      }
    });
  }
  return { server, studio, viewer, answers };
}

/**
 * Waits until the viewer sees a picture that was drawn after a moment, and tells how long that took.
 * @param {import('playwright-core').Page} viewer
 * @param {number} moment in ms of unix time
 * @returns {Promise<number>}
 */
function newPictureAfter(viewer, moment) {
  return viewer.evaluate(
    ({ moment, withinMs }) => new Promise((resolve, reject) => {
      const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
      const late = setTimeout(() => reject(new Error(`no new picture: the page is ${window.freshet?.state}`)), withinMs);
      const onPicture = async () => {
        const age = await window.freshet?.pictureAgeMs?.();
        const now = performance.timeOrigin + performance.now();
        if (age === undefined || now - age <= moment) return void video.requestVideoFrameCallback(onPicture);
        clearTimeout(late);
        resolve(now - moment);
      };
      video.requestVideoFrameCallback(onPicture);
    }),
    { moment, withinMs: WITHIN_MS },
  );
}

for (const { signal, what, isNoticed } of [
  { signal: /** @type {const} */ ('SIGKILL'), what: 'is killed and back at once', isNoticed: false },
  { signal: /** @type {const} */ ('SIGTERM'), what: 'stops in good order and is away until both pages say so', isNoticed: true },
]) {
  test(`the server ${what}, and both pages come back by themselves`, async (t) => {
    const { server, studio, viewer, answers } = await watchedStream(t);
    await server.end(signal);
    const endedAt = Date.now();
    if (isNoticed) await Promise.all([studio, viewer].map((page) => reach(page, 'recovering')));
    t.diagnostic(`away for ${Date.now() - endedAt} ms`);
    await server.startAgain();
    const tookMs = await newPictureAfter(viewer, Date.now());
    t.diagnostic(`new pictures ${tookMs.toFixed(0)} ms after the server is back; POSTs: ${answers.join(', ')}`);
    for (const page of [studio, viewer]) await reach(page, 'live');
    t.diagnostic(await showsTheClock(viewer, PICTURE));
    assert.ok(answers.includes('studio 201') && answers.includes('viewer 201'), `new sessions in ${answers}`);
    assert.ok(tookMs <= RETURN_MAX_MS[signal], `it took ${tookMs.toFixed(0)} ms`);
  });
}
