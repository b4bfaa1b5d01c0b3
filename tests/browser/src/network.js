// Cutting cables and narrowing them: rules in the namespace that the tests run in.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Tables of rules that this process has made. */
let nTables = 0;

/** A table of rules that goes when the test does; other tests have theirs. @param {import('node:test').TestContext} test */
export async function packetFilter(test) {
  needsNamespace();
  nTables += 1;
  const table = `inet cuts_${process.pid}_${nTables}`;
  await run('nft', [`add table ${table}; add chain ${table} input { type filter hook input priority 0; }`]);
  test.after(() => run('nft', [`delete table ${table}`]));
  const drop = (/** @type {string} */ match) => run('nft', [`add rule ${table} input ${match} drop`]);
  return {
    /** All cables are whole again. */
    mend: () => run('nft', [`flush chain ${table} input`]),
    /** No TCP connection to this port is made any more, and those that are made say nothing. */
    cutTcpPort: (/** @type {number} */ port) => drop(`tcp dport ${port}`),
    /** Nothing that is sent to or from this UDP port arrives any more. */
    async cutUdpPort(/** @type {number} */ port) {
      await drop(`udp sport ${port}`);
      await drop(`udp dport ${port}`);
    },
    /** Nothing goes to or from this port any more, by UDP or TCP, but for one UDP port that it is spoken to from. */
    async cutPortBut(/** @type {number} */ port, /** @type {number} */ kept) {
      await drop(`udp dport ${port} udp sport != ${kept}`);
      await drop(`udp sport ${port} udp dport != ${kept}`);
      await drop(`tcp dport ${port}`);
    },
    /** Of what is sent from this UDP port, every so manieth packet does not arrive. */
    dropFromUdpPort: (/** @type {number} */ port, /** @type {number} */ every) =>
      drop(`udp sport ${port} numgen inc mod ${every} == 0`),
    /** Of what is sent to this UDP port, every so manieth packet does not arrive. */
    dropToUdpPort: (/** @type {number} */ port, /** @type {number} */ every) =>
      drop(`udp dport ${port} numgen inc mod ${every} == 0`),
  };
}

/** What a link holds back before it drops: a home router's queue, in time. */
const QUEUE_MS = 150;
/** What leaves at once: three full packets. A link that lets more through is faster for a moment than it says. */
const BURST_BYTES = 4_500;

/**
 * A link of its own for what is sent to a UDP port, which goes when the test does.
 * @param {import('node:test').TestContext} test
 * @param {number} port
 */
export async function throttledLink(test, port) {
  needsNamespace();
  const tc = (/** @type {string} */ command) => run('tc', command.split(' '));
  await tc('qdisc add dev lo root handle 1: htb default 1');
  test.after(() => tc('qdisc del dev lo root'));
  await tc('class add dev lo parent 1: classid 1:1 htb rate 10gbit');
  await tc('class add dev lo parent 1: classid 1:2 htb rate 10gbit');
  await run('nft', ['add table inet links; add chain inet links output { type filter hook output priority mangle; }']);
  test.after(() => run('nft', ['delete table inet links']));
  await run('nft', [`add rule inet links output udp dport ${port} meta priority set 1:2`]);
  let verb = 'add';
  return {
    /** From here on it carries this much. */
    async carry(/** @type {number} */ kbps) {
      const queueBytes = Math.round((kbps / 8) * QUEUE_MS) + BURST_BYTES;
      await tc(`qdisc ${verb} dev lo parent 1:2 handle 2: tbf rate ${kbps}kbit burst ${BURST_BYTES} limit ${queueBytes}`);
      verb = 'change';
    },
  };
}

function needsNamespace() {
  if (process.env.FRESHET_IN_NAMESPACE !== '1') {
    throw new Error('run this through scripts/in_namespace.sh: it would cut this machine\'s own network');
  }
}
