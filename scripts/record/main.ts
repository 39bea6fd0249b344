/**
 * `npm run record [-- NAME…]`: makes the recordings of `test/recordings/` anew, by letting real processes live through each scene on a Redis of their
 * own. What replays them is the test suite: run this when a machine has changed on purpose, and look at the difference.
 */
import { mkdtemp, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replayFile } from '../../src/testing/index.js';
import { FAILING_SCENES } from './failing-scenes.js';
import { PASSING_SCENES } from './passing-scenes.js';
import { SCENES } from './scenes.js';
import { SIMULATED_SCENES } from './simulated-scenes.js';
import { STOPPING_SCENES } from './stopping-scenes.js';

const TARGET = fileURLToPath(new URL('../../test/recordings/', import.meta.url));

const ALL = { ...SCENES, ...FAILING_SCENES, ...PASSING_SCENES, ...STOPPING_SCENES, ...SIMULATED_SCENES };
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(ALL, name));
if (unknown !== undefined) {
  console.error(`expected names of ${Object.keys(ALL).join(', ')}, got: ${unknown}`);
  process.exit(2);
}

/** Files of a scene: `name.jsonl` and `name.role.jsonl`. */
async function filesOf(folder: string, scene: string): Promise<string[]> {
  const all = await readdir(folder);
  return all.filter((file) => file === `${scene}.jsonl` || file.startsWith(`${scene}.`)).sort();
}

for (const [name, play] of Object.entries(ALL)) {
  if (names.length > 0 && !names.includes(name)) continue;
  // On the same file system, so that what is there is replaced at once.
  const folder = await mkdtemp(join(TARGET, '.making-'));
  try {
    await play((role) => join(folder, role === undefined ? `${name}.jsonl` : `${name}.${role}.jsonl`));
    for (const old of await filesOf(TARGET, name)) await unlink(join(TARGET, old));
    for (const file of await filesOf(folder, name)) {
      await rename(join(folder, file), join(TARGET, file));
      const { agrees, events, actorCount } = await replayFile(join(TARGET, file));
      console.log(`${file}: ${events} events of ${actorCount} actors, ${agrees ? 'replays' : 'DIVERGES'}`);
      if (!agrees) process.exitCode = 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
