// A `freshet serve` of one's own: ports that the kernel chose, a data folder that goes away.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const repository = new URL('../../../', import.meta.url).pathname;

/** The public stream and the private one that every server here has. */
export const STREAM = { name: 'demo', key: 'browser-key-0001' };
export const PRIVATE_STREAM = { name: 'secret', key: 'browser-key-0002' };

/** The namespace's address that is not loopback (scripts/in_namespace.sh). */
export const HOME_ADDRESS = '10.86.0.1';

/** The ports that the kernel is to choose, all of them. */
const ANY_PORTS = { http: 0, https: 0, ice: 0 };

/** @param {Required<Where>} where @param {typeof ANY_PORTS} ports */
const configuration = ({ httpsAddress, mediaAddress, latency, transcode, startsPerMinute, sessions, players }, ports) => `
[http]
listen = "127.0.0.1:${ports.http}"
[https]
listen = "${httpsAddress}:${ports.https}"
[sfu]
listen = "${mediaAddress}:${ports.ice}"
[hls]
latency = "${latency}"
[transcode]
enabled = ${transcode}
[limits]
stream_starts_per_minute = ${startsPerMinute}
sessions = ${sessions}
[[streams]]
name = "${STREAM.name}"
key = "${STREAM.key}"
public = true
players = ${players}
[[streams]]
name = "${PRIVATE_STREAM.name}"
key = "${PRIVATE_STREAM.key}"
public = false
players = ${players}
`;

/** One person does not begin dozens of streams in a minute; these tests do. */
const STARTS_PER_MINUTE = 1000;

/** More than any test opens, on a server and of each stream. */
const SESSIONS = 1000;
const PLAYERS = 1000;

/**
 * @typedef {{
 *   httpsAddress?: string, mediaAddress?: string, latency?: string, transcode?: boolean, startsPerMinute?: number,
 *   sessions?: number, players?: number,
 * }} Where what is not said is as people have it: `ultra-low`, which is WHEP alone, lets encodings rest that nobody watches
 */

export class Server {
  #process;
  #folder;
  #where;
  #ports;

  /**
   * @param {import('node:child_process').ChildProcess} process
   * @param {string} folder
   * @param {Required<Where>} where
   * @param {Addresses} addresses
   */
  constructor(process, folder, where, addresses) {
    this.#process = process;
    this.#folder = folder;
    this.#where = where;
    this.#ports = {
      http: portOf(addresses.http),
      https: portOf(addresses.https),
      ice: portOf(addresses.ice[0]),
    };
    /** What links begin with. */
    this.url = addresses.url;
    this.icePort = this.#ports.ice;
  }

  /** Ends the process: by SIGKILL it has no time for anything. @param {'SIGKILL' | 'SIGTERM'} signal */
  async end(signal) {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exited;
  }

  /** A process that has ended begins again, with the same data and on the same ports. */
  async startAgain() {
    await writeFile(path.join(this.#folder, CONFIGURATION), configuration(this.#where, this.#ports));
    this.#process = (await serve(this.#folder)).child;
  }

  /** @param {string} stream */
  watchUrl(stream = STREAM.name) {
    return `${this.url}/watch/${stream}`;
  }

  /** @param {{ name: string, key: string }} stream @param {Record<string, string>} options */
  studioUrl(options = {}, stream = STREAM) {
    return `${this.url}/studio/${stream.name}?${new URLSearchParams(options)}#key=${stream.key}`;
  }

  /** Memory that the process holds, in KiB: resident, without what it shares with the file cache. */
  async residentKib() {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  /** What it has used of processors, and its workers, in ms. Those that have ended are left out. */
  async cpuMs() {
    const workers = await Promise.all((await this.transcodeWorkers()).map(cpuMsOf));
    return { server: await cpuMsOf(Number(this.#process.pid)), workers: workers.reduce((sum, ms) => sum + ms, 0) };
  }

  /** The processes that encode for it. */
  async transcodeWorkers() {
    const pid = this.#process.pid;
    const all = await Promise.all(
      (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(async (name) => {
        const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
        const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
        const isChild = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) === pid;
        return isChild && line.includes('transcode-worker') ? Number(name) : null;
      }),
    );
    return all.filter((id) => id !== null);
  }

  /** The secret that the server signs and checks tokens with. */
  async tokenSecret() {
    return readFile(path.join(this.#folder, 'data', 'token.secret'));
  }

  async stop() {
    await this.end('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What the threads of a process have used of processors, in ms. @param {number} pid */
async function cpuMsOf(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8').catch(() => '0')));
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
}

/** The file in a server's folder. */
const CONFIGURATION = 'freshet.toml';

/** What a server says of itself. @typedef {{ http: string, https: string, ice: string[], url: string }} Addresses */

/** @param {string | undefined} address */
const portOf = (address) => Number(address?.split(':').at(-1));

/**
 * Starts the binary that FRESHET_BIN names, and waits until it says where it listens.
 * @param {import('node:test').TestContext | null} test the server stops when this ends
 * @param {Where} where
 */
export async function startServer(test = null, where = {}) {
  const whole = {
    httpsAddress: '127.0.0.1',
    mediaAddress: '127.0.0.1',
    latency: 'low',
    transcode: true,
    startsPerMinute: STARTS_PER_MINUTE,
    sessions: SESSIONS,
    players: PLAYERS,
    ...where,
  };
  const folder = await mkdtemp(path.join(tmpdir(), 'freshet-browser-'));
  await writeFile(path.join(folder, CONFIGURATION), configuration(whole, ANY_PORTS));
  const { child, addresses } = await serve(folder);
  const server = new Server(child, folder, whole, addresses);
  test?.after(() => server.stop());
  return server;
}

/** Starts a process with the configuration and the data of a folder. @param {string} folder */
async function serve(folder) {
  const binary = process.env.FRESHET_BIN ?? path.join(repository, 'target/debug/freshet');
  const child = spawn(
    binary,
    ['serve', '--print-addresses', '--config', CONFIGURATION, '--data', 'data', '--log-level', 'warn'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return { child, addresses: await addressesOf(child) };
}

/**
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} child
 * @returns {Promise<Addresses>}
 */
async function addressesOf(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) {
      // The pipe must go on being read, or a full one would stop the server.
      child.stdout.resume();
      return JSON.parse(line);
    }
  }
  throw new Error('the server ended before it listened');
}
