// A browser that lets no page make a noise before a click, which is how people have it: the picture comes at once,
// and sound with one click.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { launchChromium, newPage } from '../../src/chromium.js';
import { misfits } from '../../src/layout.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { startServer } from '../../src/server.js';
import { pictures, statistics } from '../../src/video.js';

const N_PICTURES = 30;
const folder = new URL('../../../output/', import.meta.url).pathname;

/**
 * Runs in the watch page, before it: says what the video does, at first and when it has changed its sound. What a
 * driver evaluates in a page counts as a person's touch there, so nothing may be asked until sound is there.
 * @param {number} count of pictures to wait for, each time
 */
function tellByItself(count) {
  addEventListener('DOMContentLoaded', () => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
    const offer = /** @type {HTMLElement} */ (document.querySelector('[data-testid="unmute"]'));
    const tell = () => {
      const { left, right, top, bottom } = offer.getBoundingClientRect();
      const { paused, muted } = video;
      const wasTouched = navigator.userActivation.hasBeenActive;
      const state = { paused, muted, wasTouched, offers: offer.checkVisibility() };
      console.info(JSON.stringify({ state, x: (left + right) / 2, y: (top + bottom) / 2 }));
    };
    const tellSoon = () => {
      let shown = 0;
      const onPicture = () => {
        shown += 1;
        if (shown < count) video.requestVideoFrameCallback(onPicture);
        else tell();
      };
      video.requestVideoFrameCallback(onPicture);
    };
    tellSoon();
    // It is the page itself that mutes, and never the page that unmutes.
    video.addEventListener('volumechange', () => {
      if (!video.muted) tellSoon();
    });
  });
}

/** @param {import('playwright-core').Page} page */
async function told(page) {
  const message = await page.waitForEvent('console', (message) => message.text().startsWith('{"state"'));
  return JSON.parse(message.text());
}

/**
 * A viewer who has touched nothing yet.
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').BrowserContextOptions} options
 */
async function viewerInSilence(t, options = {}) {
  const server = await startServer(t);
  const browser = await launchChromium(t, { playsSoundUnasked: false });
  await goLive(t, browser, server, { source: 'camera' });
  const viewer = await newPage(t, browser, options);
  await viewer.addInitScript(tellByItself, N_PICTURES);
  const [at] = await Promise.all([told(viewer), viewer.goto(server.watchUrl())]);
  assert.deepEqual(at.state, { paused: false, muted: true, wasTouched: false, offers: true }, 'in silence');
  return { viewer, at };
}

const WITH_SOUND = { paused: false, muted: false, wasTouched: true, offers: false };

test('where a browser wants a click first, one click brings the sound', async (t) => {
  const { viewer, at } = await viewerInSilence(t);
  const [now] = await Promise.all([told(viewer), viewer.mouse.click(at.x, at.y)]);
  assert.deepEqual(now.state, WITH_SOUND);
  // The fake microphone beeps once a second; between the beeps the level is zero.
  await viewer.waitForFunction(async () => {
    const report = await window.freshet?.peerConnection?.getStats();
    const entries = /** @type {any[]} */ ([...(report?.values() ?? [])]);
    return entries.some(({ type, kind, audioLevel }) => type === 'inbound-rtp' && kind === 'audio' && audioLevel > 0);
  });
  const [loudspeaker] = await statistics(viewer, 'media-playout');
  assert.ok(loudspeaker?.totalSamplesCount > 0, 'samples are played out');
});

test('where a browser wants a click first, a key brings the sound as well', async (t) => {
  const { viewer } = await viewerInSilence(t);
  const [now] = await Promise.all([told(viewer), viewer.keyboard.press('m')]);
  assert.deepEqual(now.state, WITH_SOUND);
});

test('the offer of sound fits the narrowest phone', async (t) => {
  const { viewer } = await viewerInSilence(t, { viewport: { width: 320, height: 640 } });
  await mkdir(folder, { recursive: true });
  await viewer.screenshot({ path: `${folder}watch-silent-320.png` });
  assert.deepEqual(await misfits(viewer), []);
  await viewer.getByTestId('stats-toggle').evaluate((button) => /** @type {HTMLButtonElement} */ (button).click());
  await viewer.locator('[data-figure="bitrate"]', { hasText: 'bit/s' }).waitFor();
  await viewer.screenshot({ path: `${folder}watch-silent-figures-320.png` });
  assert.deepEqual(await misfits(viewer), []);
});

test('where a browser wants no click, there is sound at once and nothing to click', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  await goLive(t, browser, server, { source: 'camera' });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);
  const video = await viewer.getByTestId('video').evaluate((element) => {
    const { paused, muted } = /** @type {HTMLVideoElement} */ (element);
    return { paused, muted };
  });
  assert.deepEqual(video, { paused: false, muted: false });
  assert.ok(await viewer.getByTestId('unmute').isHidden());
});
