// The eyes themselves: what looks at the pictures of a page must see what is wrong with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium, newPage } from '../src/chromium.js';
import { showsTheCamera } from '../src/seen_camera.js';
import { showsTheClock } from '../src/seen_clock.js';

const SIZE = '640x360';

test('a clock that does not go as it should is found', async (t) => {
  const page = await newPage(t, await launchChromium(t));
  await page.goto('about:blank');
  await page.evaluate(() => {
    const video = document.createElement('video');
    Object.assign(video, { muted: true, autoplay: true, srcObject: clockSource.stream() });
    video.dataset.testid = 'video';
    document.body.append(video);
  });
  /** The page says that pictures are so old. @param {string} name @param {RegExp | null} trouble */
  const look = async (name, trouble) => {
    await page.evaluate((name) => {
      const video = /** @type {HTMLVideoElement} */ (document.querySelector('[data-testid="video"]'));
      const began = performance.now();
      let n = 0;
      const says = /** @type {Record<string, (age: number) => number | undefined>} */ ({
        'as it is': (age) => age,
        late: (age) => age + 1_500,
        'standing still': () => performance.now() - began,
        'going back': (age) => age + (n % 2) * 400,
        'too fast': (age) => 5_000 + age - (performance.now() - began),
        'half unreadable': (age) => (n % 2 === 0 ? age : undefined),
      });
      window.freshet = {
        state: 'live',
        async pictureAgeMs() {
          n += 1;
          return says[name]?.(clockStrip.age(video) ?? Number.NaN);
        },
      };
    }, name);
    const seen = showsTheClock(page, { codec: 'H264', size: SIZE });
    if (trouble) await assert.rejects(seen, trouble, name);
    else t.diagnostic(await seen);
  };
  await look('as it is', null);
  await look('late', /p50 15\d\d ms old/);
  await look('standing still', /^AssertionError.*: \d+ of 30 pictures are new/);
  await look('going back', /the clock goes back/);
  await look('too fast', /the clock goes \d\.\d\d times as fast/);
  await look('half unreadable', /clocks of \d+ cannot be read/);
});

test('pictures that are not the camera\'s are found', async (t) => {
  const page = await newPage(t, await launchChromium(t));
  await page.goto('about:blank');
  /** Preview and video show these. @param {string} preview @param {string} video @param {RegExp} trouble */
  const look = async (preview, video, trouble) => {
    await page.evaluate((shown) => {
      document.body.replaceChildren();
      const paints = /** @type {Record<string, (context: CanvasRenderingContext2D, n: number) => void>} */ ({
        black: () => undefined,
        flicker(context, n) {
          context.fillStyle = `hsl(${n * 12} 60% 50%)`;
          context.fillRect(0, 0, 640, 360);
        },
        card(context) {
          context.fillStyle = '#080';
          context.fillRect(0, 0, 640, 360);
          context.fillStyle = '#4f2';
          context.fillRect(200, 100, 240, 160);
        },
        moves(context, n) {
          this['card']?.(context, n);
          context.fillStyle = '#fff';
          context.fillRect((n * 20) % 640, 0, 80, 180);
        },
      });
      for (const [testId, name] of Object.entries(shown)) {
        const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
        const stream = canvas.captureStream(0);
        let n = 0;
        setInterval(() => {
          n += 1;
          paints[name]?.(context, n);
          // A canvas in which nothing was painted gives no picture.
          context.fillRect(0, 0, 1, 1);
          /** @type {CanvasCaptureMediaStreamTrack} */ (stream.getVideoTracks()[0]).requestFrame();
        }, 33);
        const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true, srcObject: stream });
        video.dataset.testid = testId;
        document.body.append(video);
      }
    }, { preview, video });
    await assert.rejects(showsTheCamera(page, page, { size: SIZE }), trouble, `${video} for ${preview}`);
  };
  await look('moves', 'black', /pictures differ from the preview/);
  await look('moves', 'card', /tiles have changed/);
  await look('flicker', 'flicker', /the picture has one colour/);
  // The pictures are right, and there is no sound.
  await look('moves', 'moves', /opus/);
});
