/** `node viewer-child.ts URL`: watches an inspector as a page does, and does nothing with what it is told. */
import { get } from 'node:http';

const [url = ''] = process.argv.slice(2);

get(new URL('api/live', url), (response) => {
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    // A message may come in two chunks: the end of the last one is kept.
    text = text.slice(-100) + chunk;
    if (!text.includes('"kind":"ready"')) return;
    console.log(JSON.stringify({ at: Date.now(), type: 'Watching' }));
    response.removeAllListeners('data').resume();
  });
});
