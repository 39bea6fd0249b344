/** `streamwarden produce`: announces data streams. */
import { Command, Option } from 'commander';
import { createProducer, type NewStream } from '../../runtime/producer.js';
import type { Runner } from '../command.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { plural } from '../output.js';
import { checkRedisUrl, redisOption } from '../redis-option.js';
import { explained } from '../url-mistakes.js';
import { count, examples, jsonObject, jsonOption, serviceOption, startTimeoutOption } from '../values.js';

interface ProduceOptions {
  readonly redis?: string;
  readonly service: string;
  readonly count: number;
  readonly prefix: string;
  readonly name?: string;
  readonly info?: Record<string, unknown>;
  readonly startTimeout: number;
}

/** Progress and ids appear a batch at a time; memory stays small however many are asked for. */
const BATCH = 500;

export function produceCommand(run: Runner): Command {
  const command = new Command('produce')
    .description('Announces data streams: puts their names on the load balancer stream.')
    .addOption(redisOption())
    .addOption(serviceOption())
    .addOption(new Option('--count <n>', 'how many').argParser(count).default(1))
    .addOption(new Option('--prefix <text>', 'names are the prefix and a number from 1').default('stream-'))
    .addOption(new Option('--name <text>', 'the one name to announce').conflicts(['prefix', 'count']))
    .addOption(new Option('--info <json>', 'a JSON object for the owner of each').argParser(jsonObject))
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(produce));
  return examples(
    command,
    'streamwarden produce --service orders --name order-1 --info \'{"region":"eu"}\'',
    'streamwarden produce --service orders --count 1000 --prefix load- --json',
    'streamwarden produce --service orders --redis redis-sentinel://127.0.0.1:26379/mymaster',
  );
}

async function produce(options: ProduceOptions, output: Output): Promise<number> {
  if (options.name === '') {
    throw new CliError('InvalidOption', 'expected --name to be a non-empty text, got: ""');
  }
  const total = options.name === undefined ? options.count : 1;
  const info = options.info ?? null;
  const nameOf = (index: number) => options.name ?? `${options.prefix}${index + 1}`;
  const url = checkRedisUrl(options.redis);
  await using producer = createProducer({
    redis: url,
    service: options.service,
    timeoutMs: options.startTimeout,
  });
  // Progress is for somebody who watches and does not see the lines themselves go by.
  const showsProgress = process.stderr.isTTY && !process.stdout.isTTY && total > BATCH;
  for (let done = 0; done < total; ) {
    const size = Math.min(BATCH, total - done);
    const streams: NewStream[] = Array.from({ length: size }, (_, index) => ({
      name: nameOf(done + index),
      info,
    }));
    const ids = await producer.addMany(streams).catch(async (error: unknown) => {
      throw await explained(url, error);
    });
    const at = Date.now();
    for (const [index, id] of ids.entries()) {
      const stream = nameOf(done + index);
      output.line({ at, type: 'Produced', stream, id }, `${id}  ${stream}`);
    }
    done += size;
    if (showsProgress) process.stderr.write(`\r${done} of ${total}`);
  }
  if (showsProgress) process.stderr.write('\n');
  if (!output.json && total > 1) output.write(`${plural(total, 'stream')} announced`);
  return EXIT.ok;
}
