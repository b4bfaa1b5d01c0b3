// Every codec, single encoding and simulcast, from one page to another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../src/chromium.js';
import { goLive, reach, watch } from '../src/pages.js';
import { startServer } from '../src/server.js';
import { seesTheBestOfThree } from '../src/simulcast.js';
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
      await seesTheBestOfThree(studio, viewer);
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
