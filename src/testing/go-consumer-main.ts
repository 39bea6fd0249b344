/** The child of go-consumer-process.ts: one stand-in, driven over IPC. Ends when its parent does. */
import { messageOf } from '../core/errors.js';
import { type GoConsumerOptions, startGoConsumer } from './go-consumer.js';
import type { GoProcessCall, GoProcessMessage } from './go-consumer-process.js';

const say = (message: GoProcessMessage) => {
  process.send?.(message, undefined, undefined, () => {});
};
process.on('disconnect', () => process.exit(0));

async function main(): Promise<void> {
  const options = JSON.parse(process.env.GO_CONSUMER_OPTIONS ?? '{}') as GoConsumerOptions;
  const consumer = await startGoConsumer(options);
  process.on('message', ({ call, stream }: GoProcessCall) => {
    consumer.done(stream).then(
      (acknowledged) => say({ kind: 'answer', call, acknowledged }),
      (error: unknown) => say({ kind: 'answer', call, error: messageOf(error) }),
    );
  });
  for (const notification of consumer.notifications) say({ kind: 'news', notification });
  consumer.listen((notification) => say({ kind: 'news', notification }));
  say({ kind: 'ready' });
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exit(1);
});
