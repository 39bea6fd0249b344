/** `bare-child.ts URL STREAM CONSUMER STREAMS HEARTBEAT_MS`: holds so many, says so, and goes on until it is killed. */
import { createBareHolder } from './bare-holder.js';

const [url = '', stream = '', consumer = '', count = '1', heartbeatMs = '2000'] = process.argv.slice(2);
const holder = await createBareHolder(url, stream, consumer, Number(heartbeatMs));
await holder.hold(Number(count));
console.log(JSON.stringify({ at: Date.now(), type: 'Held' }));
