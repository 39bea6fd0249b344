/** `owner-child.ts URL SERVICE STREAMS`: announces so many, says when it owns them all, and keeps them until it is killed, whoever else comes. */
import { createSubject } from './streamwarden.js';

const [url = '', service = '', count = '1'] = process.argv.slice(2);
const streams = Number(count);
const subject = await createSubject(url, service, {
  consumerId: 'victim',
  capacity: streams,
  balance: 'off',
});
await subject.assign(streams);
console.log(JSON.stringify({ at: Date.now(), type: 'Held' }));
