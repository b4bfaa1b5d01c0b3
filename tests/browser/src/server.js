// A `freshet serve` of one's own: ports that the kernel chose, a data folder that goes away.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const repository = new URL('../../../', import.meta.url).pathname;

/** The public stream and the private one that every server here has. */
export const STREAM = { name: 'demo', key: 'browser-key-0001' };
export const PRIVATE_STREAM = { name: 'secret', key: 'browser-key-0002' };

/** The namespace's address that is not loopback (scripts/in_namespace.sh). */
export const HOME_ADDRESS = '10.86.0.1';

/** @param {Required<Where>} where */
const configuration = ({ httpsAddress, mediaAddress, startsPerMinute }) => `
[http]
listen = "127.0.0.1:0"
[https]
listen = "${httpsAddress}:0"
[sfu]
listen = "${mediaAddress}:0"
[limits]
stream_starts_per_minute = ${startsPerMinute}
[[streams]]
name = "${STREAM.name}"
key = "${STREAM.key}"
public = true
[[streams]]
name = "${PRIVATE_STREAM.name}"
key = "${PRIVATE_STREAM.key}"
public = false
`;

/** One person does not begin dozens of streams in a minute; these tests do. */
const STARTS_PER_MINUTE = 1000;

/** @typedef {{ httpsAddress?: string, mediaAddress?: string, startsPerMinute?: number }} Where */

export class Server {
  #process;
  #folder;

  /**
   * @param {import('node:child_process').ChildProcess} process
   * @param {string} folder
   * @param {{ http: string, ice: string[], url: string }} addresses
   */
  constructor(process, folder, addresses) {
    this.#process = process;
    this.#folder = folder;
    /** What links begin with. */
    this.url = addresses.url;
    this.icePort = Number(addresses.ice[0]?.split(':').at(-1));
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

  /** The secret that the server signs and checks tokens with. */
  async tokenSecret() {
    return readFile(path.join(this.#folder, 'data', 'token.secret'));
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Starts the binary that FRESHET_BIN names, and waits until it says where it listens.
 * @param {import('node:test').TestContext | null} test the server stops when this ends
 * @param {Where} where
 */
export async function startServer(
  test = null,
  { httpsAddress = '127.0.0.1', mediaAddress = '127.0.0.1', startsPerMinute = STARTS_PER_MINUTE } = {},
) {
  const binary = process.env.FRESHET_BIN ?? path.join(repository, 'target/debug/freshet');
  const folder = await mkdtemp(path.join(tmpdir(), 'freshet-browser-'));
  await writeFile(path.join(folder, 'freshet.toml'), configuration({ httpsAddress, mediaAddress, startsPerMinute }));
  const child = spawn(
    binary,
    ['serve', '--print-addresses', '--config', 'freshet.toml', '--data', 'data', '--log-level', 'warn'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const addresses = await addressesOf(child);
  const server = new Server(child, folder, addresses);
  test?.after(() => server.stop());
  return server;
}

/** @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} child */
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
