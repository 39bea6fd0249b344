/**
 * `npm run snapshot`: keeps what this version writes and reads in Redis (scripts, names, fields) as `test/upgrade/released/<version>/`, and forgets
 * the releases before it. Run it in the commit that is tagged; from then on the upgrade tests hold later versions against it.
 */
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { PACKAGE_VERSION } from '../src/core/package-version.js';
import { LAYOUT_FILE, layoutNow, luaFiles, RELEASED, TODAY } from '../test/support/release.js';

const version = PACKAGE_VERSION;
const folder = new URL(`${version}/`, RELEASED);

mkdirSync(RELEASED, { recursive: true });
for (const old of readdirSync(RELEASED)) rmSync(new URL(`${old}/`, RELEASED), { recursive: true });
for (const file of luaFiles(TODAY)) cpSync(new URL(file, TODAY), new URL(file, folder));
writeFileSync(new URL(LAYOUT_FILE, folder), `${JSON.stringify(layoutNow(), null, 2)}\n`);
console.log(`test/upgrade/released/${version}: ${luaFiles(folder).length} Lua files, ${LAYOUT_FILE}`);
