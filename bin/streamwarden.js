#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';

const main = new URL('../dist/program/main.js', import.meta.url);
if (existsSync(main)) {
  // From Node.js 22 on: what was compiled once is not compiled again.
  module.enableCompileCache?.();
  await import(main.href);
} else {
  console.error('streamwarden is not built yet: run `npm run build` in its directory first');
  process.exitCode = 1;
}
