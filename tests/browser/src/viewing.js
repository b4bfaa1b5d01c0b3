// What a viewer sees for a while: how long the picture stood still, how large it was, how old.
import { percentile } from './percentile.js';

/**
 * Pictures seen; the longest wait for one, the one that still lasts at the end included; when the last wait of STILL_MS or
 * more was over; the heights, each time that they change; how old pictures are when they are shown, in ms, of those whose
 * packets tell when they were captured (abs-capture-time). Publisher and viewer have one clock, for they are one machine.
 * @typedef {{ n: number, longestMs: number, settledMs: number, heights: number[], delays: number[] }} Viewing
 */

/** Milliseconds from 1900, where capture times count from, to 1970. */
const NTP_TO_UNIX_MS = 2_208_988_800_000;
/** A wait that a person sees as a picture that stands still: many times what a lost packet costs. */
const STILL_MS = 500;

/**
 * Looks at the page's video until this much time has passed, or until a picture is shown whose height lies in a range.
 * @param {import('playwright-core').Page} page
 * @param {number} ms
 * @param {{ least: number, most: number }} until none, unless said
 * @returns {Promise<Viewing & { tookMs: number }>}
 */
export function view(page, ms, until = { least: 1, most: 0 }) {
  return page.evaluate(
    ({ ms, until, STILL_MS, NTP_TO_UNIX_MS }) =>
      new Promise((resolve) => {
        const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
        const began = performance.now();
        const heights = /** @type {number[]} */ ([]);
        const delays = /** @type {number[]} */ ([]);
        let [n, longestMs, settledMs, last] = [0, 0, 0, began];
        let hasEnded = false;
        const note = (/** @type {number} */ now) => {
          longestMs = Math.max(longestMs, now - last);
          if (now - last >= STILL_MS) settledMs = now - began;
          last = now;
        };
        const end = () => {
          hasEnded = true;
          clearTimeout(ending);
          const now = performance.now();
          note(now);
          resolve({ n, longestMs, settledMs, heights, delays, tookMs: now - began });
        };
        const ending = setTimeout(end, ms);
        const noteDelay = () => {
          const [source] = /** @type {(RTCRtpSynchronizationSource & { captureTimestamp?: number })[]} */ (
            window.freshet?.peerConnection
              ?.getReceivers()
              .find(({ track }) => track.kind === 'video')
              ?.getSynchronizationSources() ?? []
          );
          if (source?.captureTimestamp === undefined) return;
          delays.push(source.timestamp - (source.captureTimestamp - NTP_TO_UNIX_MS));
        };
        const onPicture = (
          /** @type {number} */ now,
          /** @type {VideoFrameCallbackMetadata} */ { height },
        ) => {
          if (hasEnded) return;
          n += 1;
          note(now);
          if (heights.at(-1) !== height) heights.push(height);
          noteDelay();
          if (height >= until.least && height <= until.most) return end();
          video.requestVideoFrameCallback(onPicture);
        };
        video.requestVideoFrameCallback(onPicture);
      }),
    { ms, until, STILL_MS, NTP_TO_UNIX_MS },
  );
}

/** A viewing in a line, for people. @param {Viewing} viewing */
export function seen({ n, longestMs, heights, delays }) {
  const delay = delays.length === 0
    ? 'delay unknown'
    : `capture to screen p50 ${percentile(delays, 50).toFixed(0)} ms, p95 ${percentile(delays, 95).toFixed(0)} ms`;
  return `${n} pictures, longest wait ${longestMs.toFixed(0)} ms, ${heights.join(' > ')} px high, ${delay}`;
}
