// The inspector's page: src/inspector/page → dist/inspector/page, as files that the inspector serves by their names.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('src/inspector/page'),
  // The page may stand behind a proxy, below any path.
  base: './',
  build: {
    outDir: here('dist/inspector/page'),
    // scripts/build.mjs takes out what is not built any more: an inspector that runs must not lose its page meanwhile.
    emptyOutDir: false,
    target: 'es2022',
    // Its policy lets the page load files only, and browsers that know modules know preloading.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
