/** `streamwarden resume`: everybody may be given data streams again. */
import type { Command } from 'commander';
import type { Runner } from '../command.js';
import { namedStreamsCommand } from '../named-streams-command.js';
import { examples } from '../values.js';

export function resumeCommand(run: Runner): Command {
  const command = namedStreamsCommand('resume')
    .description('Resumes data streams that are paused: what waits aside is given out, in its order.')
    .action(run(async () => (await import('../actions/pause.js')).resume));
  return examples(
    command,
    'streamwarden resume customer-17 --service orders',
    'streamwarden resume customer-17 --service orders --json | jq .parked',
  );
}
