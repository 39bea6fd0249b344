/** A process in which the OpenTelemetry API is not installed. Owns and finishes one stream that it announces itself, and says so. */
import { register } from 'node:module';

const refusal = `
export async function resolve(specifier, context, next) {
  if (!specifier.startsWith('@opentelemetry/')) return next(specifier, context);
  throw Object.assign(new Error('Cannot find package ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(refusal)}`);

const [, , redis = ''] = process.argv;
const { createProducer, createRuntime } = await import('../../src/index.js');
const loaded = await import('@opentelemetry/api').then(
  () => true,
  () => false,
);
const runtime = createRuntime({ redis, service: 'orders', consumerId: 'me' });
const done = new Promise<string>((resolve) => {
  runtime.process(({ name }) => resolve(name));
});
await runtime.start();
const producer = createProducer({ redis, service: 'orders' });
await producer.add('a stream');
console.log(JSON.stringify({ loaded, processed: await done }));
await producer.close();
await runtime.stop();
