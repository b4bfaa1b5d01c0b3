// How smoothly a viewer sees and hears, by the receiver's own counts (W3C webrtc-stats, RTCInboundRtpStreamStats).
import { statistics } from './video.js';

/**
 * What both ends have counted so far.
 * @typedef {{
 *   ms: number, sent: number, decoded: number, freezes: number, frozenMs: number, repaired: number,
 *   samples: number, concealed: number,
 * }} Counted
 */

/**
 * @param {import('./video.js').Page} studio
 * @param {import('./video.js').Page} viewer
 * @returns {Promise<Counted>}
 */
export async function counted(studio, viewer) {
  const [outbound, inbound] = await Promise.all([statistics(studio, 'outbound-rtp'), statistics(viewer, 'inbound-rtp')]);
  const of = (/** @type {Record<string, any>[]} */ streams, /** @type {string} */ kind) => {
    const found = streams.find((stream) => stream.kind === kind);
    if (!found) throw new Error(`no ${kind} in the statistics`);
    return found;
  };
  const [video, audio] = [of(inbound, 'video'), of(inbound, 'audio')];
  return {
    ms: video.timestamp,
    sent: of(outbound, 'video').framesSent,
    decoded: video.framesDecoded,
    freezes: video.freezeCount,
    frozenMs: video.totalFreezesDuration * 1_000,
    repaired: video.retransmittedPacketsReceived ?? 0,
    samples: audio.totalSamplesReceived,
    // What fills silence is not missed.
    concealed: audio.concealedSamples - audio.silentConcealedSamples,
  };
}

/**
 * What came between two counts.
 * @param {Counted} before
 * @param {Counted} after
 */
export function since(before, after) {
  const names = /** @type {(keyof Counted)[]} */ (Object.keys(after));
  return /** @type {Counted} */ (Object.fromEntries(names.map((name) => [name, after[name] - before[name]])));
}

/** Shown of what was sent. A receiver that catches up shows more than was sent meanwhile. @param {Counted} seen */
export function shownPercent({ decoded, sent }) {
  return Math.min(100, (100 * decoded) / sent);
}

/** In a line for people. @param {Counted} seen */
export function smoothness(seen) {
  const { ms, sent, decoded, freezes, frozenMs, repaired, samples, concealed } = seen;
  const perMinute = (frozenMs * 60_000) / ms;
  return `${decoded} of ${sent} pictures (${((sent * 1_000) / ms).toFixed(0)} a second), ${repaired} packets repaired, `
    + `${((100 * concealed) / samples).toFixed(1)} % of the sound concealed, `
    + `${freezes} freezes, ${perMinute.toFixed(0)} ms a minute`;
}
