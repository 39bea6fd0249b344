// `npm ci` and `npm install` in a clone build dist/, also where it is installed as a dependency from git. npm runs this as `dependencies`, and not as
// `prepare`, of which it warns whoever installs a tarball. Without the development dependencies there is nothing to build with: an image made in
// stages has dist/ from the stage before.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const missing = ['esbuild', 'typescript', 'vite'].filter((name) => !isInstalled(name));
if (missing.length > 0) {
  console.log(`streamwarden: dist/ is not built, as ${missing.join(', ')} are development dependencies`);
} else {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const { status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

function isInstalled(name) {
  try {
    require.resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}
