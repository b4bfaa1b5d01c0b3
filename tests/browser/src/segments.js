// Every segment of the stream since it began, as programs read it that others made: MP4Box (its JavaScript edition) and ffprobe.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as MP4Box from 'mp4box';
import { multivariant } from './playlists.js';
import { STREAM } from './server.js';

/** What is kept of a run, for people to look at. */
const output = new URL('../output/', import.meta.url).pathname;

/** A packet or a sample: when it is decoded, and how many bytes it has. @typedef {{ dts: number, bytes: number }} Unit */

/** Of a rendition's segments, how many may begin without a keyframe: where the publisher's came late. */
const UNALIGNED_SHARE_MAX = 0.25;

/** How far the sum of the samples of a segment may be from what its playlist says, in seconds: what it rounds to. */
const ROUNDED_S = 0.001;

/** Where a picture stands in for those that did not come, it is shown for half a second, and its neighbours are not. */
const UNEVEN = /DTS discontinuity in stream/;

/** What MP4Box says of what it reads: a box that it does not know, one that is shorter or longer than what is in it. */
const complaints = /** @type {string[]} */ ([]);
const complain = (/** @type {string} */ _module, /** @type {string} */ said) => void complaints.push(said);
Object.assign(MP4Box.Log, { warn: complain, error: complain });

/** @param {string} url */
async function bytesOf(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return response.arrayBuffer();
}

/**
 * The segments of a media playlist, with their init sections, and whether decoders begin anew with them.
 * @param {string} playlist
 */
async function listed(playlist) {
  const segments = /** @type {{ map: string, url: string, seconds: number, isAnew: boolean }[]} */ ([]);
  let [map, seconds, isGap, isAnew] = ['', 0, false, false];
  for (const line of (await (await fetch(playlist)).text()).split('\n')) {
    map = /^#EXT-X-MAP:URI="(.*?)"/.exec(line)?.[1] ?? map;
    seconds = Number(/^#EXTINF:([0-9.]+)/.exec(line)?.[1] ?? seconds);
    isGap ||= line === '#EXT-X-GAP';
    isAnew ||= line === '#EXT-X-DISCONTINUITY';
    if (line === '' || line.startsWith('#')) continue;
    const [init, url] = [map, line].map((uri) => new URL(/** @type {string} */ (uri), playlist).href);
    if (!isGap) segments.push({ map: /** @type {string} */ (init), url: /** @type {string} */ (url), seconds, isAnew });
    [isGap, isAnew] = [false, false];
  }
  return segments;
}

/**
 * What MP4Box finds. It must not complain of anything.
 * @param {ArrayBuffer} init @param {ArrayBuffer} media @param {string} url
 */
function asMp4Box(init, media, url) {
  const file = MP4Box.createFile();
  file.onError = complain;
  const whole = new Uint8Array(init.byteLength + media.byteLength);
  whole.set(new Uint8Array(init), 0);
  whole.set(new Uint8Array(media), init.byteLength);
  file.appendBuffer(MP4Box.MP4BoxBuffer.fromArrayBuffer(whole.buffer, 0));
  file.flush();
  assert.deepEqual(complaints.splice(0), [], url);
  const size = file.boxes.reduce((sum, box) => sum + box.size, 0);
  assert.equal(size, whole.byteLength, `${url}: boxes fill the file`);
  const { tracks } = file.getInfo();
  assert.equal(tracks.length, 1, url);
  const [track] = /** @type {[MP4Box.Track]} */ (tracks);
  const samples = file.getTrackSamplesInfo(track.id);
  return { whole, codec: track.codec, timescale: track.timescale, samples };
}

/**
 * What ffprobe finds. It must not complain of anything.
 * @param {string} file
 * @param {string} what it is, in what is said if it does
 * @returns {Promise<Unit[]>}
 */
async function asFfprobe(file, what) {
  const options = ['-v', 'warning', '-fflags', 'noparse', '-show_entries', 'packet=dts,size', '-of', 'json', file];
  const { stdout, stderr } = await promisify(execFile)('ffprobe', options);
  const complaints = stderr.split('\n').filter((line) => line !== '' && !UNEVEN.test(line));
  assert.deepEqual(complaints, [], `${what}: ${complaints.join('; ')}`);
  return JSON.parse(stdout).packets.map((/** @type {{ dts: number, size: string }} */ { dts, size }) => ({ dts, bytes: Number(size) }));
}

/**
 * Reads all segments of a rendition with both; tells of which codec each is.
 *
 * @param {import('./server.js').Server} server
 * @param {string} rendition
 * @param {string} folder for what is read
 */
async function readRendition(server, rendition, folder) {
  const segments = await listed(`${server.url}/hls/${STREAM.name}/${rendition}/dvr.m3u8`);
  const codecs = [];
  let nUnaligned = 0;
  for (const { map, url, seconds, isAnew } of segments) {
    const [init, media] = await Promise.all([bytesOf(map), bytesOf(url)]);
    const { whole, codec, timescale, samples } = asMp4Box(init, media, url);
    const [first] = samples;
    nUnaligned += first?.is_sync ? 0 : 1;
    assert.ok(first?.is_sync || !isAnew, `${url}: a decoder that begins anew needs what can be decoded alone`);
    const length = samples.reduce((sum, { duration }) => sum + duration, 0) / timescale;
    assert.ok(Math.abs(length - seconds) <= ROUNDED_S, `${url}: ${length} s, and its playlist says ${seconds}`);
    const file = path.join(folder, `${rendition}.mp4`);
    await writeFile(file, whole);
    const units = samples.map(({ dts, size }) => ({ dts, bytes: size }));
    const keyframes = samples.flatMap(({ is_sync }, index) => (is_sync ? [index] : []));
    const what = `${url}, ${isAnew ? 'behind a discontinuity, ' : ''}${samples.length} samples from ${first?.dts}, keyframes ${keyframes}`;
    try {
      assert.deepEqual(await asFfprobe(file, what), units, what);
    } catch (error) {
      // For whoever looks into it.
      await mkdir(output, { recursive: true });
      await writeFile(path.join(output, `unreadable-${rendition}.mp4`), whole);
      const playlist = await bytesOf(`${server.url}/hls/${STREAM.name}/${rendition}/dvr.m3u8`);
      await writeFile(path.join(output, `unreadable-${rendition}.m3u8`), new Uint8Array(playlist));
      throw error;
    }
    codecs.push(codec);
  }
  const unalignedMax = UNALIGNED_SHARE_MAX * segments.length;
  assert.ok(nUnaligned <= unalignedMax, `${nUnaligned} segments of ${rendition} begin without a keyframe`);
  return codecs;
}

/**
 * Reads all segments of all renditions with both; tells how many there were of each codec.
 * @param {import('./server.js').Server} server
 */
export async function readAll(server) {
  const folder = await mkdtemp(path.join(tmpdir(), 'freshet-segments-'));
  const text = await multivariant(server);
  const renditions = [...new Set(text.match(/[0-9a-z]+(?=\/live\.m3u8)/g) ?? [])];
  const counts = /** @type {Record<string, number>} */ ({});
  try {
    const codecs = await Promise.all(renditions.map((rendition) => readRendition(server, rendition, folder)));
    for (const codec of codecs.flat()) counts[codec] = (counts[codec] ?? 0) + 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return counts;
}
