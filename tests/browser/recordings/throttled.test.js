// A viewer's link gets slower and faster again: the picture gets smaller and larger, and the page says why. What the page
// looks like meanwhile is kept in tests/output for people to look at.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { packetFilter, throttledLink } from '../src/network.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
import { path, pictures } from '../src/video.js';

const folder = new URL('../../output/', import.meta.url).pathname;

/** What the best encoding is given, and the others an eighth and a third of it: the links below lie between what they send. */
const BITRATE_KBPS = 2_500;

/** After so many pictures of the video the page is looked at again. */
const LOOK_PICTURES = 5;

/** How often a picture is taken of the page. */
const SHOT_MS = 3_000;

/**
 * How long a change may take. A step up is held back for up to 16 s after one that failed, takes a probe before it and a
 * keyframe after it, and two cores encode three layers meanwhile.
 */
const WITHIN_MS = 90_000;

/** How long a link stays as it is once the picture has followed: whoever looks at the pictures sees that it stays, too. */
const DWELL_MS = 6_000;

/** What the link carries, and what it is to show: in kbit/s, and as a share of the height of the full picture. */
const PHASES = [
  { kbps: 4_000, share: 1 },
  { kbps: 1_200, share: 1 / 2 },
  { kbps: 400, share: 1 / 4 },
  { kbps: 1_200, share: 1 / 2 },
  { kbps: 4_000, share: 1 },
];

/** What the watch page shows and says. @param {import('playwright-core').Page} page */
function shown(page) {
  return page.evaluate(() => ({
    height: /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]')).videoHeight,
    why: document.querySelector('[data-testid="quality-why"]')?.textContent ?? '',
  }));
}

/**
 * One picture of all phases, each with what its link carried.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {{ caption: string, png: Buffer }[]} frames
 */
async function contactSheet(browser, frames) {
  const page = await browser.newPage({ viewport: { width: 1_280, height: 100 } });
  const figures = frames.map(
    ({ caption, png }) =>
      `<figure><img src="data:image/png;base64,${png.toString('base64')}"><figcaption>${caption}</figcaption></figure>`,
  );
  await page.setContent(`<style>
    body { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; margin: 12px; font: 14px sans-serif }
    figure { margin: 0 } img { width: 100% }
  </style>${figures.join('')}`);
  await page.screenshot({ path: `${folder}throttled.png`, fullPage: true });
  await page.close();
}

test('the picture follows a link down through three layers and up again', async (t) => {
  await mkdir(folder, { recursive: true });
  const server = await startServer(t);
  const filter = await packetFilter(t);
  await filter.cutTcpPort(server.icePort);
  const browser = await launchChromium(t);
  const studio = await goLive(t, browser, server, { simulcast: '1', bitrate: String(BITRATE_KBPS) });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await seesTheBestOfThree(studio, viewer);
  const full = (await shown(viewer)).height;
  const link = await throttledLink(t, (await path(viewer)).local.port);

  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1_000);
  let shots = 0;
  let nextShotAt = 0;
  const look = async () => {
    const now = await shown(viewer);
    if (Date.now() >= nextShotAt) {
      nextShotAt = Date.now() + SHOT_MS;
      // The line that says why is in the bar, which hides from whoever does not move.
      await viewer.mouse.move(200 + (shots % 2), 200);
      const name = `${String(shots).padStart(2, '0')}-${seconds()}s-${now.height}p`;
      await viewer.screenshot({ path: `${folder}throttled-${name}.png` });
      shots += 1;
    }
    return now;
  };

  const frames = [];
  for (const [index, { kbps, share }] of PHASES.entries()) {
    await link.carry(kbps);
    // Below the full picture it is the path that decides, and the page must say so.
    const says = share === 1 ? `Auto: ${full}p, ` : `Auto: ${full * share}p, your connection carries `;
    const until = Date.now() + WITHIN_MS;
    nextShotAt = 0;
    let now = await look();
    while (!(now.height === full * share && now.why.startsWith(says)) && Date.now() < until) {
      await pictures(viewer, LOOK_PICTURES);
      now = await look();
    }
    t.diagnostic(`${seconds()} s: ${kbps} kbit/s, ${now.height} px high: "${now.why}"`);
    assert.equal(now.height, full * share, `phase ${index}: ${kbps} kbit/s`);
    assert.ok(now.why.startsWith(says), `phase ${index}: the page says "${now.why}"`);
    for (const left = Date.now() + DWELL_MS; Date.now() < left; await look()) await pictures(viewer, LOOK_PICTURES);
    await viewer.mouse.move(220 + index, 220);
    const caption = `${seconds()} s: the link carries ${kbps} kbit/s`;
    frames.push({ caption, png: await viewer.screenshot() });
  }
  await contactSheet(browser, frames);
});
