import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** A package travels without the repository around it, and its licences go with it. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle() {
      for (const fileName of ['LICENSE-MIT', 'LICENSE-APACHE']) {
        const source = readFileSync(new URL(`../${fileName}`, import.meta.url));
        this.emitFile({ type: 'asset', fileName, source });
      }
    },
  };
}

/** The WHIP and WHEP modules for pages that are not ours: ES modules that a browser loads as they are. */
export default defineConfig({
  plugins: [licences()],
  build: {
    outDir: 'dist-lib',
    target: ['chrome116', 'firefox124', 'safari17.4'],
    sourcemap: true,
    lib: {
      entry: { whip: 'src/whip.ts', whep: 'src/whep.ts' },
      formats: ['es'],
    },
    rolldownOptions: {
      output: {
        // What both need has a name that does not change: a page may preload it.
        chunkFileNames: 'session.js',
        // Whitespace too, which Vite keeps in libraries: these are also loaded by pages without a bundler.
        minify: true,
      },
    },
  },
});
