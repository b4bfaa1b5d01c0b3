// `./dev bench glass|joins|reload`: prints a figure as percentiles, and as one line of JSON.
import { launchChromium } from './chromium.js';
import { measureGlass, clockStudio } from './measure/glass.js';
import { measureJoins } from './measure/joins.js';
import { measureReloads } from './measure/reload.js';
import { summary } from './percentile.js';
import { startServer } from './server.js';

/** @type {Record<string, (browser: import('playwright-core').Browser, server: import('./server.js').Server) => Promise<void>>} */
const BENCHES = {
  async glass(browser, server) {
    for (const codec of ['H264', 'VP8']) {
      const { floor, freshet } = await measureGlass(browser, server, { codec, rounds: 5, nPictures: 300 });
      print(`glass ${codec} floor`, floor.ages, floor.unreadable);
      print(`glass ${codec} freshet`, freshet.ages, freshet.unreadable);
    }
  },
  async joins(browser, server) {
    const studio = await clockStudio(browser, server);
    print('joins', await measureJoins(browser, server, 50));
    await studio.context().close();
  },
  async reload(browser, server) {
    print('reload', await measureReloads(browser, server, 10));
  },
};

/** @param {string} figure @param {number[]} samples */
function print(figure, samples, unreadable = 0) {
  const { n, p50, p95, max } = summary(samples);
  const ms = (/** @type {number} */ value) => `${value.toFixed(1)} ms`;
  console.log(`${figure.padEnd(20)} p50 ${ms(p50)}  p95 ${ms(p95)}  max ${ms(max)}  of ${n}`);
  console.log(JSON.stringify({ figure, n, p50, p95, max, unreadable }));
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
