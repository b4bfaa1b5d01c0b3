import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** In production the server maps paths to pages; this is the same map for `npm run dev`. */
function pagePaths(): Plugin {
  return {
    name: 'page-paths',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const page = /^\/(watch|studio)\/[a-zA-Z0-9-]{1,64}(\?|$)/.exec(request.url ?? '')?.[1];
        if (page) request.url = `/${page}.html`;
        next();
      });
    },
  };
}

/** hls.js is in a file of the pages, and its licence goes with it. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle() {
      const source = readFileSync(new URL('node_modules/hls.js/LICENSE', import.meta.url));
      this.emitFile({ type: 'asset', fileName: 'hls.js-LICENSE.txt', source });
    },
  };
}

export default defineConfig({
  plugins: [pagePaths(), licences()],
  build: {
    target: ['chrome116', 'firefox124', 'safari17.4'],
    // Small files stay files: the server's content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js is larger than what Vite warns of, and loaded by those who need it.
    chunkSizeWarningLimit: 640,
    rolldownOptions: { input: ['index.html', 'watch.html', 'studio.html'] },
  },
  worker: { format: 'es' },
  server: {
    proxy: Object.fromEntries(
      ['/whip', '/whep', '/hls', '/dash', '/api'].map((path) => [path, 'http://127.0.0.1:8080']),
    ),
  },
  test: { include: ['tests/**/*.test.ts'] },
});
