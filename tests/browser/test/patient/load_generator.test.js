// The load generator's own pictures, in a real browser: what it publishes is a stream like any other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { launchChromium } from '../../src/chromium.js';
import { reach, watch } from '../../src/pages.js';
import { showsTheClock } from '../../src/seen_clock.js';
import { startServer, STREAM } from '../../src/server.js';

test('the clock that the load generator publishes is read on the watch page', async (t) => {
  const server = await startServer(t);
  const browser = await launchChromium(t);
  // Built with the server.
  const program = join(dirname(process.env.FRESHET_BIN ?? ''), 'freshet-load');
  const whip = `${server.url}/whip/${STREAM.name}`;
  const options = ['--source', 'clock', '--seconds', '12', '--json'];
  const load = spawn(program, ['publish', '--whip', whip, '--key', STREAM.key, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => load.kill());
  const ended = once(load, 'exit');
  let said = '';
  load.stdout.on('data', (chunk) => (said += chunk));

  const viewer = await watch(t, browser, server);
  await reach(viewer, 'live');
  t.diagnostic(await showsTheClock(viewer, { codec: 'H264', size: '640x360' }));
  assert.deepEqual(await ended, [0, null]);
  assert.equal(JSON.parse(said).passed, true, said);
});
