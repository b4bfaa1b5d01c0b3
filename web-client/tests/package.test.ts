import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const webClient = new URL('..', import.meta.url).pathname;

/** Two builds, a package, an installation: seconds, on a machine that does nothing else. */
const WITHIN_MS = 120_000;

/** A project of somebody else, and what it has installed. */
let project: string;
let installed: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'freshet-package-'));
  await run('npm', ['pack', '--pack-destination', project], { cwd: webClient });
  const [tarball] = (await readdir(project)).filter((name) => name.endsWith('.tgz'));
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', `./${tarball}`], { cwd: project });
  installed = join(project, 'node_modules/freshet-web-client');
}, WITHIN_MS);

afterAll(() => rm(project, { recursive: true, force: true }));

/** What the compiler says of a file of the project. */
async function complaints(text: string, moduleResolution: 'nodenext' | 'bundler') {
  const compilerOptions = {
    module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
    moduleResolution,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  };
  await writeFile(join(project, 'page.ts'), text);
  const files = ['page.ts'];
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiler = join(webClient, 'node_modules/.bin/tsc');
  return run(compiler, ['--project', project]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

/** The blocks of TypeScript in a document. */
async function examples(document: string): Promise<string[]> {
  const text = await readFile(join(webClient, document), 'utf8');
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
}

/** What a module gives out when Node.js, which has no page, imports it. */
async function exportsOf(module: string): Promise<string[]> {
  const code = `console.log(Object.keys(await import('${module}')).join())`;
  const { stdout } = await run('node', ['--eval', code, '--input-type=module'], { cwd: project });
  return stdout.trim().split(',');
}

describe('the package of the modules', () => {
  it('holds modules with types, maps and licences, and nothing of the pages', async () => {
    const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const maps = files.filter((file) => file.endsWith('.map'));
    const others = files.filter((file) => !file.endsWith('.d.ts') && !maps.includes(file));
    expect(others.sort()).toEqual([
      'README.md',
      'dist-lib/LICENSE-APACHE',
      'dist-lib/LICENSE-MIT',
      'dist-lib/session.js',
      'dist-lib/whep.js',
      'dist-lib/whip.js',
      'package.json',
    ]);
    expect(maps.sort()).toEqual(
      ['session', 'whep', 'whip'].map((name) => `dist-lib/${name}.js.map`),
    );
  });

  it('needs no other package', async () => {
    const names = await readdir(join(project, 'node_modules'));
    expect(names.filter((name) => !name.startsWith('.'))).toEqual(['freshet-web-client']);
  });

  it('is imported by Node.js', async () => {
    const whip = ['SignalingError', 'WhipPublisher', 'sendEncodings', 'sendableCodecs'];
    expect(await exportsOf('freshet-web-client/whip')).toEqual(whip);
    expect(await exportsOf('freshet-web-client/whep')).toEqual(['SignalingError', 'WhepPlayer']);
  });

  it('has one class of errors, whichever module it is taken from', async () => {
    const code = `
      import { SignalingError } from 'freshet-web-client/whip';
      import { SignalingError as same } from 'freshet-web-client/whep';
      process.exit(SignalingError === same ? 0 : 1);`;
    await run('node', ['--eval', code, '--input-type=module'], { cwd: project });
  });

  it.each(['nodenext', 'bundler'] as const)('compiles the documents for %s', async (resolution) => {
    const all = [...(await examples('README.md')), ...(await examples('../docs/web-modules.md'))];
    expect(all.length).toBeGreaterThan(2);
    for (const example of all) expect(await complaints(example, resolution)).toBe('');
  });

  it('tells a wrong use by its types', async () => {
    const wrong = `import { WhepPlayer } from 'freshet-web-client/whep';
      new WhepPlayer({ url: '/whep/demo', onState: ({ error }) => error });`;
    expect(await complaints(wrong, 'nodenext')).toContain("Property 'error' does not exist");
    const foreign = `import { Keeper } from 'freshet-web-client/rtc/keeper';`;
    expect(await complaints(foreign, 'nodenext')).toContain('Cannot find module');
  });

  it('maps its code back to the sources', async () => {
    for (const name of ['whip', 'whep']) {
      const text = await readFile(join(installed, `dist-lib/${name}.js.map`), 'utf8');
      const { sources, sourcesContent } = JSON.parse(text);
      const index = sources.findIndex((source: string) => source.endsWith(`src/${name}.ts`));
      expect(sourcesContent[index]).toBe(await readFile(join(webClient, `src/${name}.ts`), 'utf8'));
    }
  });

  /** What the README says: a publisher, or a player, with what both need. */
  it.each(['whip', 'whep'])('is small: %s', async (name) => {
    const read = (file: string) => readFile(join(installed, `dist-lib/${file}.js`));
    const bytes = (await Promise.all([name, 'session'].map(read))).map((code) => gzipSync(code).length);
    const all = bytes.reduce((sum, some) => sum + some);
    console.log(`${name}.js with session.js, compressed: ${all} bytes`);
    expect(all).toBeLessThan(8_500);
  });
});
