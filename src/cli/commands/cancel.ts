/** `streamwarden cancel`: cancels data streams, wherever they are. */
import type { Command } from 'commander';
import type { Runner } from '../command.js';
import { namedStreamsCommand } from '../named-streams-command.js';
import { examples } from '../values.js';

export function cancelCommand(run: Runner): Command {
  const command = namedStreamsCommand('cancel')
    .description(
      'Cancels data streams: what waits or is delayed is gone; who owns one is told to stop, and finishes it.',
    )
    .action(run(async () => (await import('../actions/cancel.js')).cancel))
    .addHelpText(
      'after',
      '\nExits with 0 when all of them are cancelled, with 1 when one is not there, or a Go consumer has it.',
    );
  return examples(
    command,
    'streamwarden cancel order-17 --service orders',
    'streamwarden cancel order-17 order-18 --service orders --json | jq -r .cancelled',
  );
}
