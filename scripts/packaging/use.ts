/** What a new user writes first: from a start to a handled stream, in every kind of project. */
import { createProducer, createRuntime, isStreamwardenError, UnrecoverableError } from 'streamwarden';

interface Order {
  region: string;
}

export async function main(redis: string, service: string): Promise<string> {
  const runtime = createRuntime<Order>({ redis, service, consumerId: 'me' });
  const handled = new Promise<string>((resolve) => {
    runtime.process(async (stream) => {
      if (stream.info === null) throw new UnrecoverableError('an order has a region');
      resolve(`${stream.name} ${stream.info.region}`);
    });
  });
  await runtime.start();
  const producer = createProducer({ redis, service });
  await producer.add('order-1', { region: 'eu' });
  const what = await handled;
  const inspector = await runtime.inspect();
  const page = await (await fetch(inspector.url)).text();
  await inspector.close();
  await producer.close();
  await runtime.stop();
  const refused: unknown = await runtime.start().catch((error: unknown) => error);
  return `${what}, ${page.includes('<html') ? 'page' : 'no page'}, ${isStreamwardenError(refused) ? refused.code : 'no code'}`;
}

const { REDIS_URL: url, SERVICE: service } = process.env;
if (url !== undefined && service !== undefined) {
  main(url, service).then(console.log, (error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
