// Players of HLS and DASH that others made, in pages of the server's origin.
import assert from 'node:assert/strict';
import { newPage } from './chromium.js';
import { summary } from './percentile.js';
import { STREAM } from './server.js';

const modules = new URL('../node_modules/', import.meta.url).pathname;

/** @typedef {'hls.js' | 'Shaka, HLS' | 'Shaka, DASH' | 'dash.js'} Player */

/**
 * The file of each, and how it is started in a page: as a person who embeds it would, with its own settings but for those
 * that its documents name for low latency. What it returns says how far behind it takes itself to be, in seconds.
 * @type {Record<Player, { script: string, path: string, start: string }>}
 */
const PLAYERS = {
  'hls.js': {
    script: 'hls.js/dist/hls.min.js',
    path: `/hls/${STREAM.name}/multivariant.m3u8`,
    start: `(url, video, failed) => {
      const hls = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1 });
      hls.on(Hls.Events.ERROR, (_, { type, details, fatal }) => { if (fatal) failed(type + ' ' + details); });
      hls.loadSource(url);
      hls.attachMedia(video);
      return () => hls.latency;
    }`,
  },
  'Shaka, HLS': {
    script: 'shaka-player/dist/shaka-player.compiled.js',
    path: `/hls/${STREAM.name}/multivariant.m3u8`,
    start: `async (url, video, failed) => {
      const player = new shaka.Player();
      await player.attach(video);
      // Left alone it goes from AAC to Opus and back as its estimate changes, and may feed the one to the decoder of the other.
      player.configure({ preferredAudio: [{ codec: 'mp4a.40.2' }], streaming: { lowLatencyMode: true } });
      player.addEventListener('error', ({ detail: { code, data } }) => {
        // A part that was hinted at and does not come, for its publisher left, is answered with 404: it says so and goes on.
        if (code !== shaka.util.Error.Code.BAD_HTTP_STATUS || data[1] !== 404) failed(['error', code, ...data].join(' '));
      });
      await player.load(url);
      return () => player.getStats().liveLatency;
    }`,
  },
  'Shaka, DASH': {
    script: 'shaka-player/dist/shaka-player.compiled.js',
    path: `/dash/${STREAM.name}/manifest.mpd`,
    start: `async (url, video, failed) => {
      const player = new shaka.Player();
      await player.attach(video);
      // The same as of HLS.
      player.configure({ preferredAudio: [{ codec: 'mp4a.40.2' }], streaming: { lowLatencyMode: true } });
      player.addEventListener('error', ({ detail: { code, data } }) => failed(['error', code, ...data].join(' ')));
      await player.load(url);
      return () => player.getStats().liveLatency;
    }`,
  },
  'dash.js': {
    script: 'dashjs/dist/modern/umd/dash.all.min.js',
    path: `/dash/${STREAM.name}/manifest.mpd`,
    start: `(url, video, failed) => {
      const player = dashjs.MediaPlayer().create();
      player.on('error', ({ error }) => failed(error?.message ?? String(error)));
      player.initialize(video, url, true);
      return () => player.getCurrentLiveLatency();
    }`,
  },
};

/** All of them. */
export const ALL_PLAYERS = /** @type {Player[]} */ (Object.keys(PLAYERS));

/**
 * Opens a page in which a player plays the stream.
 * @param {import('node:test').TestContext | null} test closes the page when this ends
 * @param {import('playwright-core').Browser} browser
 * @param {import('./server.js').Server} server
 * @param {Player} name
 */
export async function startPlayer(test, browser, server, name) {
  const { script, path, start } = PLAYERS[name];
  // Our pages load nothing but what is ours; the player is somebody else's.
  const page = await newPage(test, browser, { bypassCSP: true });
  await page.goto(`${server.url}/`);
  await page.addScriptTag({ path: modules + script });
  await page.evaluate(
    async ({ url, start }) => {
      const video = document.createElement('video');
      Object.assign(video, { muted: true, autoplay: true });
      video.dataset.testid = 'video';
      document.body.replaceChildren(video);
      const began = performance.now();
      const seen = {
        failures: /** @type {string[]} */ ([]), stood: /** @type {string[]} */ ([]), moved: /** @type {string[]} */ ([]), firstMs: Number.NaN,
        latencyS: () => Number.NaN,
      };
      // What a player has of pictures and of sound, it has in these; the element tells only of what it has of both.
      const buffers = /** @type {Map<string, SourceBuffer>} */ (new Map());
      const add = MediaSource.prototype.addSourceBuffer;
      MediaSource.prototype.addSourceBuffer = function (type) {
        const buffer = add.call(this, type);
        buffers.set(/** @type {string} */ (type.split('/')[0]), buffer);
        return buffer;
      };
      const had = () => [...buffers].map(([kind, { buffered }]) => [kind, ...Array.from({ length: buffered.length }, (_, index) =>
        `${buffered.start(index).toFixed(3)}-${buffered.end(index).toFixed(3)}`)].join(' '));
      Object.assign(window, { seen });
      video.addEventListener('playing', () => {
        if (Number.isNaN(seen.firstMs)) seen.firstMs = performance.now() - began;
      });
      // Before the player hears of it, which may begin anew and say nothing.
      addEventListener('error', () => void (video.error && seen.failures.push(video.error.message)), true);
      // Where something is missing players move to what comes after, and stand still nowhere.
      video.addEventListener('seeking', () => {
        if (Number.isNaN(seen.firstMs)) return;
        seen.moved.push(`${new Date().toISOString()} to ${video.currentTime.toFixed(2)}, with ${had().join(', ')}`);
      });
      // A player may move in what it has, before and after it plays.
      video.addEventListener('waiting', () => {
        if (Number.isNaN(seen.firstMs) || video.seeking) return;
        seen.stood.push(`${new Date().toISOString()} at ${video.currentTime.toFixed(2)}, with ${had().join(', ')}`);
      });
      /** @type {(url: string, video: HTMLVideoElement, failed: (why: string) => void) => Promise<() => number>} */
      const play = new Function(`return (${start})`)();
      seen.latencyS = await play(url, video, (why) => seen.failures.push(why));
    },
    { url: server.url + path, start },
  );
  return page;
}

/**
 * How long the first picture took, when and where it stood still, what went wrong, how many bytes of sound it has decoded, as
 * Chromium counts them, and how far behind it says that it is.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<{ failures: string[], stood: string[], moved: string[], stalls: number, jumps: number, firstMs: number, soundBytes: number, latencyS: number }>}
 */
export const seenBy = (page) =>
  page.evaluate(() => {
    const video = /** @type {any} */ (document.querySelector('video'));
    const { latencyS, ...seen } = /** @type {any} */ (window).seen;
    return { ...seen, stalls: seen.stood.length, jumps: seen.moved.length, soundBytes: video.webkitAudioDecodedByteCount, latencyS: latencyS() };
  });

/**
 * How old each of the next pictures is, in ms, and how many had no clock to read.
 * @param {import('playwright-core').Page} page
 * @param {number} count
 */
export const samplesOf = (page, count) =>
  page.evaluate(async (count) => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
    return pictureAges(video, count);
  }, count);

/**
 * How old the next pictures are, in ms, all together.
 * @param {import('playwright-core').Page} page
 * @param {number} count
 */
export async function ages(page, count) {
  const { ages, unreadable } = await samplesOf(page, count);
  assert.ok(unreadable < ages.length, `${unreadable} clocks of ${ages.length} cannot be read`);
  return summary(ages);
}
