// Every codec, single encoding and simulcast, from one page to another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { pictures, statistics } from '../src/video.js';

// Two seconds of pictures: the first keyframe, and what follows it.
const N_PICTURES = 60;

test('a stream is watched', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);

  for (const codec of ['H264', 'VP8', 'VP9', 'AV1']) {
    await t.test(`in ${codec}`, async (t) => {
      const studio = await goLive(t, browser, server, { codec, simulcast: '0' });
      const viewer = await watch(t, browser, server);
      await reach(viewer, 'live');
      await pictures(viewer, N_PICTURES);
      const [video] = (await statistics(viewer, 'inbound-rtp')).filter(({ kind }) => kind === 'video');
      assert.equal(video?.codec, codec);
    });

    await t.test(`in ${codec} with simulcast, at the size of the best encoding`, async (t) => {
      const studio = await goLive(t, browser, server, { codec, simulcast: '1' });
      const viewer = await watch(t, browser, server);
      await reach(viewer, 'live');
      // The browser brings its encodings up one after another: the best may come late.
      let best = 0;
      let seen = await pictures(viewer, N_PICTURES);
      for (let tries = 0; tries < 10; tries += 1) {
        best = Math.max(...(await encodings(studio)).map(({ frameWidth }) => frameWidth ?? 0));
        if (seen.width === best && (await encodings(studio)).length === 3) break;
        seen = await pictures(viewer, N_PICTURES);
      }
      const sent = await encodings(studio);
      assert.deepEqual(sent.map(({ rid }) => rid).sort(), ['f', 'h', 'q'], 'three encodings are sent');
      assert.equal(seen.width, best, 'the viewer sees the best of them');
    });
  }

  await t.test('with the sound of its microphone, from a camera', async (t) => {
    const studio = await goLive(t, browser, server, { source: 'camera' });
    const viewer = await watch(t, browser, server);
    await reach(viewer, 'live');
    await pictures(viewer, N_PICTURES);
    const received = await statistics(viewer, 'inbound-rtp');
    const audio = received.find(({ kind }) => kind === 'audio');
    assert.equal(audio?.codec, 'opus');
    assert.ok(audio?.totalAudioEnergy > 0, 'the fake microphone beeps, and it is heard');
  });
});

/** Video encodings that the page sends right now. @param {import('playwright-core').Page} page */
async function encodings(page) {
  const sent = await statistics(page, 'outbound-rtp');
  return sent.filter(({ kind, framesSent }) => kind === 'video' && framesSent > 0);
}
