/** A process that replays a file and says what came of it: for tests that limit its memory. */
import { replayFile } from '../../src/replay/replayer.js';

const { agrees, events, actorCount } = await replayFile(process.argv[2] ?? '');
console.log(JSON.stringify({ agrees, events, actorCount }));
