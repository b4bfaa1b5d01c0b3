// The studio's camera and microphone are those that a person chooses, also while live.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { goLive, reach, watch } from '../../src/pages.js';
import { startServer } from '../../src/server.js';
import { pictures, statistics } from '../../src/video.js';

const N_PICTURES = 30;

/** Chromium's fake cameras. The second measures depth, which no encoder takes. */
const FIRST_CAMERA = 'fake_device_0';
const OTHER_CAMERA = 'fake_device_2';
const CAMERAS = [FIRST_CAMERA, 'fake_device_1', OTHER_CAMERA];

/**
 * What a list offers.
 * @param {import('playwright-core').Page} studio
 * @param {string} testId
 */
const choices = (studio, testId) => studio.getByTestId(testId).evaluate((select) =>
  [.../** @type {HTMLSelectElement} */ (select).options].map(({ text, value }) => ({ text, value })));

/**
 * What is sent of a kind: the name of its device, undefined where nothing is.
 * @param {import('playwright-core').Page} studio
 * @param {string} kind
 */
const sentLabel = (studio, kind) => studio.evaluate((kind) => {
  const transceivers = window.freshet?.peerConnection?.getTransceivers() ?? [];
  return transceivers.find(({ receiver }) => receiver.track.kind === kind)?.sender.track?.label;
}, kind);

/** Waits until this device is sent. @param {import('playwright-core').Page} studio @param {string} kind @param {string} label */
const sends = (studio, kind, label) => studio.waitForFunction(({ kind, label }) => {
  const transceivers = window.freshet?.peerConnection?.getTransceivers() ?? [];
  const sender = transceivers.find(({ receiver }) => receiver.track.kind === kind)?.sender;
  return (sender?.track?.label ?? 'nothing') === label;
}, { kind, label });

test('a person chooses another camera and another microphone while live', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t, { nCameras: 3 });
  const studio = await goLive(t, browser, server, { source: 'camera', simulcast: '0' });
  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);
  const posts = /** @type {string[]} */ ([]);
  studio.on('request', (request) => {
    if (request.method() === 'POST') posts.push(request.url());
  });

  const cameras = await choices(studio, 'camera-select');
  const microphones = await choices(studio, 'mic-select');
  assert.deepEqual(cameras.map(({ text }) => text), ['Chosen by the browser', ...CAMERAS]);
  assert.equal(microphones[0]?.text, 'Chosen by the browser');
  assert.equal(microphones.at(-1)?.text, 'No microphone');
  const named = microphones.slice(1, -1).map(({ text }) => text);
  assert.ok(named.length >= 2 && named.every((text) => /Fake .*Audio Input/.test(text)), `microphones ${named}`);

  for (const text of [OTHER_CAMERA, FIRST_CAMERA, OTHER_CAMERA]) {
    await studio.getByTestId('camera-select').selectOption({ label: text });
    await sends(studio, 'video', text);
    await pictures(viewer, N_PICTURES);
    const preview = await studio.getByTestId('preview').evaluate((video) => {
      const stream = /** @type {MediaStream} */ (/** @type {HTMLVideoElement} */ (video).srcObject);
      return stream.getVideoTracks()[0]?.label;
    });
    assert.equal(preview, text, 'the preview shows what is sent');
  }
  for (const text of named) {
    await studio.getByTestId('mic-select').selectOption({ label: text });
    await sends(studio, 'audio', text);
    assert.equal(await sentLabel(studio, 'video'), OTHER_CAMERA, 'the camera stays');
  }
  assert.deepEqual(posts, [], 'the session is the same');

  await studio.getByTestId('mic-select').selectOption('none');
  await sends(studio, 'audio', 'nothing');
  await pictures(viewer, N_PICTURES);
  const heard = async () =>
    (await statistics(viewer, 'inbound-rtp')).find(({ kind }) => kind === 'audio')?.packetsReceived;
  const before = await heard();
  await pictures(viewer, N_PICTURES);
  assert.equal(await heard(), before, 'no sound is sent');
});
