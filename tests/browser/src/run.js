// Runs files of tests, so many at a time: `node src/run.js 3 test/patient/*.test.js`. A file with a failure is run once more,
// alone: these tests have bars in real time, which a machine that was busy with something else for a second misses. A fault
// of ours fails twice, and what passed only then is named at the end, for people to look at.

import { basename, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Of each file, in milliseconds: the longest takes half of it on two cores. */
const TIMEOUT_MS = 300_000;

/** More failures than these are no accident: nothing is run again. */
const AGAIN_MAX = 4;

/** Of why a test failed, so much is said again at the end. */
const WHY_CHARS_MAX = 500;

/** @typedef {{ passed: number, failed: number, why: string[] }} Count */

/**
 * Runs files, and counts by file.
 *
 * @param {string[]} files
 * @param {number} concurrency
 * @returns {Promise<Map<string, Count>>}
 */
async function runFiles(files, concurrency) {
  const counts = new Map(files.map((file) => [file, /** @type {Count} */ ({ passed: 0, failed: 0, why: [] })]));
  const events = run({ files, concurrency, timeout: TIMEOUT_MS });
  /** @param {{ file?: string, skip?: unknown, details: { type?: string } }} test @param {'passed' | 'failed'} result */
  const count = (test, result) => {
    const counted = counts.get(test.file ?? '');
    if (counted && test.skip === undefined && test.details.type !== 'suite') counted[result] += 1;
  };
  events.on('test:pass', (test) => count(test, 'passed'));
  events.on('test:fail', (test) => {
    count(test, 'failed');
    const { cause, message, failureType } = /** @type {Error & { cause?: unknown, failureType?: string }} */ (test.details.error);
    // A test fails with each of its parts, which have said why.
    if (failureType === 'subtestsFailed') return;
    const said = cause instanceof Error ? cause.message : String(cause ?? message);
    counts.get(test.file ?? '')?.why.push(`${test.name}: ${said.replace(/\s+/g, ' ').slice(0, WHY_CHARS_MAX)}`);
  });
  for await (const text of events.compose(new spec())) process.stdout.write(text);
  return counts;
}

const [concurrency, ...names] = process.argv.slice(2);
const counts = await runFiles(names.map((name) => resolve(name)), Number(concurrency));
const failed = [...counts].filter(([, count]) => count.failed > 0).map(([file]) => file);
const told = failed.flatMap((file) => (counts.get(file)?.why ?? []).map((why) => `${basename(file)}: ${why}`));
if (failed.length > 0 && failed.length <= AGAIN_MAX) {
  process.stdout.write(`again, alone: ${failed.join(' ')}\n`);
  for (const [file, count] of await runFiles(failed, 1)) {
    counts.set(file, count);
    told.push(...count.why.map((why) => `${basename(file)}, again: ${why}`));
    if (count.failed === 0) process.stdout.write(`passed at the second try: ${file}\n`);
  }
}
for (const line of told) process.stdout.write(`failed: ${line}\n`);
const all = [...counts.values()];
/** @param {'passed' | 'failed'} result */
const sum = (result) => all.reduce((total, count) => total + count[result], 0);
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
// A file in which nothing has passed has not been tested.
process.exitCode = all.every((count) => count.failed === 0 && count.passed > 0) ? 0 : 1;
