// `./dev bench glass|joins|reload|playable|packaging`: prints a figure as percentiles beside its bar, and as one line of JSON.
// Exits with 1 when a figure misses its bar.
import {
  aboveFloor, FIRST_PICTURE_MAX, JOIN_MAX, misses, PARTS_OVER_10_MS_MAX, PARTS_OVER_2_MS_MAX, PLAYABLE_MAX, RELOAD_MAX,
  RENDITION_MAX, STREAM_MAX,
} from './bars.js';
import { launchChromium } from './chromium.js';
import { clockStudio } from './clock_studio.js';
import { measureGlass } from './measure/glass.js';
import { measureJoins } from './measure/joins.js';
import { measurePackaging } from './measure/packaging.js';
import { measurePlayable } from './measure/playable.js';
import { measureReloads } from './measure/reload.js';
import { summary } from './percentile.js';
import { startServer } from './server.js';

/** @type {Record<string, (browser: import('playwright-core').Browser, server: import('./server.js').Server) => Promise<void>>} */
const BENCHES = {
  async glass(browser, server) {
    for (const codec of ['H264', 'VP8']) {
      const { floor, freshet } = await measureGlass(browser, server, { codec, rounds: 5, nPictures: 300 });
      // The floor has no bar, but a clock that cannot be read there makes one that is worth nothing.
      print(`glass ${codec} floor`, floor.ages, {}, floor.unreadable);
      print(`glass ${codec} freshet`, freshet.ages, aboveFloor(summary(floor.ages)), freshet.unreadable);
    }
  },
  async joins(browser, server) {
    const studio = await clockStudio(null, browser, server);
    print('joins', await measureJoins(browser, server, 50), JOIN_MAX);
    await studio.context().close();
  },
  async playable(browser) {
    const { playable, shown } = await measurePlayable(browser, 10);
    print('first playlist', playable, PLAYABLE_MAX);
    print('first picture', shown, FIRST_PICTURE_MAX);
  },
  async packaging(browser) {
    const { rendition, stream, overTwo, overTen } = await measurePackaging(browser, 3);
    print('one rendition', rendition, RENDITION_MAX, 0, '% of a core');
    print('a stream with AAC', stream, STREAM_MAX, 0, '% of a core');
    print('parts over 2 ms', overTwo, PARTS_OVER_2_MS_MAX, 0, '%');
    print('parts over 10 ms', overTen, PARTS_OVER_10_MS_MAX, 0, '%');
  },
  async reload(browser, server) {
    print('reload', await measureReloads(browser, server, 10), RELOAD_MAX);
  },
};

/** @param {string} figure @param {number[]} samples @param {import('./bars.js').Bar} bar */
function print(figure, samples, bar, unreadable = 0, unit = 'ms') {
  const measured = summary(samples);
  const parts = /** @type {const} */ (['p50', 'p95', 'max']).map((part) => {
    const most = bar[part];
    return `${part} ${measured[part].toFixed(2)} ${unit}${most === undefined ? '' : ` (bar ${most.toFixed(1)})`}`;
  });
  const missed = misses(measured, bar, unreadable, unit);
  console.log(`${figure.padEnd(20)} ${parts.join('  ')}  of ${measured.n}`);
  console.log(JSON.stringify({ figure, ...measured, unreadable, bar, kept: missed.length === 0 }));
  for (const miss of missed) console.log(`${figure} misses its bar: ${miss}`);
  if (missed.length > 0) process.exitCode = 1;
}

const name = process.argv[2] ?? '';
const bench = BENCHES[name];
if (!bench) throw new Error(`no such bench: ${name} (${Object.keys(BENCHES).join(', ')})`);
const [browser, server] = await Promise.all([launchChromium(), startServer()]);
try {
  await bench(browser, server);
} finally {
  await Promise.all([browser.close(), server.stop()]);
}
