// Cutting cables: packet filter rules in the namespace that the tests run in.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A table of rules that goes when the test does. @param {import('node:test').TestContext} test */
export async function packetFilter(test) {
  if (process.env.FRESHET_IN_NAMESPACE !== '1') {
    throw new Error('run this through scripts/in_namespace.sh: it would cut this machine\'s own network');
  }
  await run('nft', ['add table inet cuts; add chain inet cuts input { type filter hook input priority 0; }']);
  test.after(() => run('nft', ['delete table inet cuts']));
  const drop = (/** @type {string} */ match) => run('nft', [`add rule inet cuts input ${match} drop`]);
  return {
    /** No TCP connection to this port is made any more, and those that are made say nothing. */
    cutTcpPort: (/** @type {number} */ port) => drop(`tcp dport ${port}`),
    /** Nothing that is sent to or from this UDP port arrives any more. */
    async cutUdpPort(/** @type {number} */ port) {
      await drop(`udp sport ${port}`);
      await drop(`udp dport ${port}`);
    },
  };
}
