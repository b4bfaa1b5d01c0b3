// A stream that is watched from the far end of an emulated path.
import { launchChromium } from './chromium.js';
import { NEAR_ADDRESS, startEmulator } from './emulator.js';
import { goLive, reach, watch } from './pages.js';
import { startServer } from './server.js';
import { pictures } from './video.js';

/** The best encoding's bitrate; where there are others, they get an eighth and a third of it. */
const BITRATE_KBPS = 2_000;
/** Two seconds of pictures: from here on what is seen is no longer the beginning. */
const N_PICTURES = 60;

/**
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} studioOptions
 * @param {string} [latency] of `[hls]`
 */
export async function watchedFromAfar(t, studioOptions = {}, latency = 'low') {
  const { emulator, program } = await startEmulator(t);
  const server = await startServer(t, { httpsAddress: NEAR_ADDRESS, mediaAddress: NEAR_ADDRESS, latency });
  const [near, far] = await Promise.all([
    launchChromium(t, { trustsAnyServer: true }),
    launchChromium(t, { trustsAnyServer: true, program }),
  ]);
  const studio = await goLive(t, near, server, { bitrate: String(BITRATE_KBPS), ...studioOptions });
  const viewer = await watch(t, far, server);
  await reach(viewer, 'live');
  await pictures(viewer, N_PICTURES);
  return { emulator, studio, viewer };
}
