/** `owner-child.ts URL SERVICE STREAMS`: announces so many, says when it owns them all, and keeps them until it is killed. */
import { createSubject } from './streamwarden.js';

const [url = '', service = '', count = '1'] = process.argv.slice(2);
const streams = Number(count);
const subject = await createSubject(url, service, { capacity: streams });
await subject.assign(streams);
console.log(JSON.stringify({ at: Date.now(), type: 'Held' }));
