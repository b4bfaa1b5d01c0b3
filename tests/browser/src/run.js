// Runs files of tests, so many at a time: `node src/run.js 3 test/patient/*.test.js`. A file with a failure is run once more,
// alone: these tests have bars in real time, which a machine that was busy with something else for a second misses. A fault
// of ours fails twice, and what passed only then is named at the end, for people to look at.

import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Of each file, in milliseconds: the longest takes half of it on two cores. */
const TIMEOUT_MS = 300_000;

/** More failures than these are no accident: nothing is run again. */
const AGAIN_MAX = 4;

/**
 * Runs files, and counts by file.
 *
 * @param {string[]} files
 * @param {number} concurrency
 * @returns {Promise<Map<string, { passed: number, failed: number }>>}
 */
async function runFiles(files, concurrency) {
  const counts = new Map(files.map((file) => [file, { passed: 0, failed: 0 }]));
  const events = run({ files, concurrency, timeout: TIMEOUT_MS });
  /** @param {{ file?: string, skip?: unknown, details: { type?: string } }} test @param {'passed' | 'failed'} result */
  const count = (test, result) => {
    const counted = counts.get(test.file ?? '');
    if (counted && test.skip === undefined && test.details.type !== 'suite') counted[result] += 1;
  };
  events.on('test:pass', (test) => count(test, 'passed'));
  events.on('test:fail', (test) => count(test, 'failed'));
  for await (const text of events.compose(new spec())) process.stdout.write(text);
  return counts;
}

const [concurrency, ...names] = process.argv.slice(2);
const counts = await runFiles(names.map((name) => resolve(name)), Number(concurrency));
const failed = [...counts].filter(([, count]) => count.failed > 0).map(([file]) => file);
if (failed.length > 0 && failed.length <= AGAIN_MAX) {
  process.stdout.write(`again, alone: ${failed.join(' ')}\n`);
  for (const [file, count] of await runFiles(failed, 1)) {
    counts.set(file, count);
    if (count.failed === 0) process.stdout.write(`passed at the second try: ${file}\n`);
  }
}
const all = [...counts.values()];
/** @param {'passed' | 'failed'} result */
const sum = (result) => all.reduce((total, count) => total + count[result], 0);
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
// A file in which nothing has passed has not been tested.
process.exitCode = all.every((count) => count.failed === 0 && count.passed > 0) ? 0 : 1;
