// The package of the WHIP and WHEP modules, unpacked into a site that is not ours, with the pages of docs/web-modules.md as
// they stand there: no bundler, another origin.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { launchChromium, newPage } from '../../src/chromium.js';
import { STREAM, startServer } from '../../src/server.js';
import { serveSite } from '../../src/site.js';
import { pictures } from '../../src/video.js';

const run = promisify(execFile);
const repository = new URL('../../../../', import.meta.url).pathname;

const N_PICTURES = 30;
/** How long a page may take, on a machine that compiles at the same time. */
const WITHIN_MS = 30_000;

/** From leaving a page to the server's knowing. Without being told it would take it many times as long. */
const LEFT_MAX_MS = 2_000;

/** How many watch, as the server says. @param {import('../../src/server.js').Server} server */
async function nViewers(server) {
  const listed = await fetch(`${server.url}/api/v1/streams`);
  const { streams } = /** @type {{ streams: { name: string, viewers: number }[] }} */ (await listed.json());
  return streams.find(({ name }) => name === STREAM.name)?.viewers ?? 0;
}

/** The pages of the document, by their titles. @param {string} serverUrl what stands for the server in them */
async function pagesOfDocument(serverUrl) {
  const text = await readFile(path.join(repository, 'docs/web-modules.md'), 'utf8');
  const pages = [...text.matchAll(/```html\n(.*?)```/gs)].map(([, html = '']) => html);
  return pages.map((html) => {
    const name = /<title>(\w+)<\/title>/.exec(html)?.[1]?.toLowerCase();
    assert.ok(html.includes('https://live.example'), `the page ${name} names a server`);
    return { name: `${name}.html`, html: html.replaceAll('https://live.example', serverUrl) };
  });
}

/**
 * A folder with the modules, as `npm pack` gives them, and the pages.
 * @param {import('node:test').TestContext} test it goes when this ends
 * @param {string} serverUrl
 */
async function makeSite(test, serverUrl) {
  const folder = await mkdtemp(path.join(tmpdir(), 'freshet-site-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: path.join(repository, 'web-client') });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? 'none';
  const modules = path.join(folder, 'freshet');
  await mkdir(modules);
  await run('tar', ['-xzf', path.join(folder, tarball), '-C', modules, '--strip-components=2', 'package/dist-lib']);
  for (const { name, html } of await pagesOfDocument(serverUrl)) await writeFile(path.join(folder, name), html);
  return folder;
}

/** Waits until the page says this of itself. @param {import('playwright-core').Page} page @param {string} wanted */
async function says(page, wanted) {
  const isSaid = (/** @type {string} */ text) => document.querySelector('#state')?.textContent === text;
  await page.waitForFunction(isSaid, wanted, { timeout: WITHIN_MS });
}

test('the modules alone publish and play, from another origin', async (t) => {
  const server = await startServer(t);
  const site = await serveSite(t, await makeSite(t, server.url));
  assert.notEqual(new URL(site).origin, new URL(server.url).origin);
  const browser = await launchChromium(t);

  const viewer = await newPage(t, browser);
  /** @type {string[]} */
  const asked = [];
  viewer.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (response.url().startsWith(server.url)) asked.push(`${response.request().method()} ${pathname} ${response.status()}`);
  });
  await viewer.goto(`${site}/watch.html`);
  // What the server says of a stream that nobody publishes: a page of another origin can read it.
  await viewer.waitForFunction(() => /publish/.test(document.querySelector('#state')?.textContent ?? ''));
  assert.equal(asked.at(-1), 'POST /whep/demo 409');

  const publisher = await newPage(t, browser, { permissions: ['camera', 'microphone'] });
  await publisher.goto(`${site}/publish.html`);
  await publisher.getByLabel('Stream key').fill(STREAM.key);
  await publisher.getByRole('button', { name: 'Go live' }).click();
  await says(publisher, 'live');

  await says(viewer, 'live');
  await viewer.evaluate(() => document.querySelector('video')?.setAttribute('data-testid', 'video'));
  const { width, height } = await pictures(viewer, N_PICTURES);
  assert.equal(width * 9, height * 16, `${width}x${height}`);
  const kinds = await viewer.evaluate(() => {
    const media = /** @type {MediaStream} */ (document.querySelector('video')?.srcObject);
    return media.getTracks().map(({ kind }) => kind).sort();
  });
  assert.deepEqual(kinds, ['audio', 'video']);

  await t.test('and a page that is left has ended its session', async () => {
    assert.equal(await nViewers(server), 1);
    await viewer.goto('about:blank');
    const deadline = performance.now() + LEFT_MAX_MS;
    while ((await nViewers(server)) > 0) assert.ok(performance.now() < deadline, 'the viewer is still counted');
  });

  await t.test('and a wrong key is told in the words of the server', async (t) => {
    const other = await newPage(t, browser, { permissions: ['camera', 'microphone'] });
    await other.goto(`${site}/publish.html`);
    await other.getByLabel('Stream key').fill('not-the-key-0001');
    await other.getByRole('button', { name: 'Go live' }).click();
    await other.waitForFunction(() => /key/.test(document.querySelector('#state')?.textContent ?? ''));
  });
});
