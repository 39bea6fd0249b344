import { type Command, type CommandContext, command } from '../command.js';
import type { Reply } from '../reply.js';

function subscribe(which: 'channels' | 'patterns') {
  return ({ session }: CommandContext, argv: string[]): Reply => {
    const kind = which === 'channels' ? 'subscribe' : 'psubscribe';
    return argv.slice(1).map((name): Reply => {
      session[which].add(name);
      return [kind, name, session.channels.size + session.patterns.size];
    });
  };
}

function unsubscribe(which: 'channels' | 'patterns') {
  return ({ session }: CommandContext, argv: string[]): Reply => {
    const kind = which === 'channels' ? 'unsubscribe' : 'punsubscribe';
    const names = argv.length > 1 ? argv.slice(1) : [...session[which]];
    const count = () => session.channels.size + session.patterns.size;
    if (names.length === 0) return [[kind, null, count()]];
    return names.map((name): Reply => {
      session[which].delete(name);
      return [kind, name, count()];
    });
  };
}

export const pubSubCommands: readonly Command[] = [
  command('subscribe', -2, 'noscript loading pubsub', subscribe('channels')),
  command('psubscribe', -2, 'noscript loading pubsub', subscribe('patterns')),
  command('unsubscribe', -1, 'noscript loading pubsub', unsubscribe('channels')),
  command('punsubscribe', -1, 'noscript loading pubsub', unsubscribe('patterns')),
  command('publish', 3, 'loading', ({ server }, argv) =>
    server.publish(argv[1] as string, argv[2] as string),
  ),
];
