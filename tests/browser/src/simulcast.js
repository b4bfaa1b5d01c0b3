// What a page sends in three encodings, and whether a viewer gets the best of them.
import assert from 'node:assert/strict';
import { pictures, statistics } from './video.js';

/** The browser brings its encodings up one after another, and the best comes last: within twenty seconds of pictures. */
const N_PICTURES = 15;
const LOOKS_MAX = 40;

/**
 * Waits until the viewer sees the best of three encodings, and fails when it does not.
 * @param {import('./video.js').Page} studio
 * @param {import('./video.js').Page} viewer
 * @returns {Promise<string>} its size
 */
export async function seesTheBestOfThree(studio, viewer) {
  let sent = await encodings(studio);
  let seen = await pictures(viewer, N_PICTURES);
  for (let look = 1; look < LOOKS_MAX && !(sent.length === 3 && seen.width === best(sent)); look += 1) {
    seen = await pictures(viewer, N_PICTURES);
    sent = await encodings(studio);
  }
  assert.deepEqual(sent.map(({ rid }) => rid).sort(), ['f', 'h', 'q'], 'three encodings are sent');
  assert.equal(seen.width, best(sent), 'the viewer sees the best of them');
  return `${seen.width}x${seen.height}`;
}

/** @param {Record<string, any>[]} sent */
const best = (sent) => Math.max(...sent.map(({ frameWidth }) => frameWidth ?? 0));

/** Video encodings that the page sends right now. @param {import('./video.js').Page} page */
async function encodings(page) {
  const sent = await statistics(page, 'outbound-rtp');
  return sent.filter(({ kind, framesSent }) => kind === 'video' && framesSent > 0);
}
