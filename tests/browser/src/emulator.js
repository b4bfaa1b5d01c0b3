// A path like a bad one: load-tests/emulator between this namespace, where servers and publishers are, and another, where
// a viewer is.
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The end of the path in this namespace, where a server listens (load-tests/emulator/src/device.rs). */
export const NEAR_ADDRESS = '10.87.0.1';

/** Before everything but the kernel's own threads: the emulator uses a few hundredths of a core. */
const NICENESS = -15;

/**
 * One direction of the path, as the emulator counts it (load-tests/emulator/src/statistics.rs).
 * @typedef {{ p50: number, p95: number, p99: number, max: number }} Percentiles
 * @typedef {{
 *   packets: number, delivered: number, dropped_line: number, dropped_queue: number, dropped_cut: number,
 *   dropped_full: number, dropped_refused: number, queue_ms: Percentiles, late_ms: Percentiles,
 * }} Way
 */

export class Emulator {
  #process;
  #replies;

  /**
   * @param {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} child
   */
  constructor(child) {
    this.#process = child;
    this.#replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** What the emulator says next, which must be this. @param {string} kind @returns {Promise<any>} */
  async reply(kind) {
    const { done, value } = await this.#replies.next();
    if (done) throw new Error(`the emulator ended before it was ${kind}`);
    const said = JSON.parse(value);
    if (!(kind in said)) throw new Error(`the emulator says ${value}, not ${kind}`);
    return said[kind];
  }

  /** Packets from here on meet this path. @param {string} options those of `freshet-emulator --help` */
  async become(options) {
    this.#process.stdin.write(`${options}\n`);
    await this.reply('changed');
  }

  /** What became of the packets so far. @returns {Promise<{ up: Way, down: Way }>} */
  async statistics() {
    this.#process.stdin.write('statistics\n');
    return this.reply('statistics');
  }

  /** Its input ends, and so does it; what became of all packets. @returns {Promise<{ up: Way, down: Way }>} */
  async stop() {
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    const statistics = await this.reply('statistics');
    await exited;
    return statistics;
  }
}

/**
 * Starts the emulator that FRESHET_EMULATOR names. The program of the result starts a browser at the far end.
 * @param {import('node:test').TestContext} test the path ends with it
 */
export async function startEmulator(test) {
  if (process.env.FRESHET_IN_NAMESPACE !== '1') {
    throw new Error('run this through scripts/in_namespace.sh: the path would begin in the network of this machine');
  }
  const { FRESHET_EMULATOR: binary, FRESHET_CHROMIUM: chromium = '/usr/bin/chromium' } = process.env;
  if (!binary) throw new Error('FRESHET_EMULATOR must name the freshet-emulator program');
  // A path whose own turn comes late is another path: two browsers want the same cores. Who may not be first stays equal.
  const child = spawn('nice', ['-n', String(NICENESS), binary, '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const emulator = new Emulator(child);
  test.after(async () => test.diagnostic(`the path down: ${told((await emulator.stop()).down)}`));
  const { namespace } = await emulator.reply('ready');
  const folder = await mkdtemp(path.join(tmpdir(), 'freshet-far-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const program = path.join(folder, 'chromium');
  await writeFile(program, `#!/bin/sh\nexec nsenter --net='${namespace}' '${chromium}' "$@"\n`);
  await chmod(program, 0o755);
  return { emulator, program };
}

/** Where the emulator itself is late by more than this, an estimate takes it for a queue: the figures are the machine's. */
const LATE_MS_MAX = 50;

/** One direction in a line, for people. @param {Way} way */
export function told(way) {
  const { p50, p99 } = way.queue_ms;
  const late = way.late_ms.p99;
  return `${way.packets} packets: line lost ${way.dropped_line}, queue ${way.dropped_queue}, cut ${way.dropped_cut}; `
    + `queue p50 ${p50} ms, p99 ${p99} ms; emulator late p99 ${late} ms`
    + (late > LATE_MS_MAX ? ': THE MACHINE IS TOO BUSY for this run to say anything of the path' : '');
}
