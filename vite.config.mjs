// The inspector's page: src/inspector/page → .cache/page. The build writes these files into a module, from which the inspector serves them.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('src/inspector/page'),
  // The page may stand behind a proxy, below any path.
  base: './',
  build: {
    outDir: here('.cache/page'),
    emptyOutDir: true,
    target: 'es2022',
    // Its policy lets the page load files only, and browsers that know modules know preloading.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
