/** `streamwarden completion`: a script that has a shell complete what is typed. */
import { Argument, Command } from 'commander';
import type { Runner } from '../command.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { examples } from '../values.js';

export function completionCommand(run: Runner): Command {
  const command = new Command('completion')
    .description('Prints a script that has a shell complete commands, options and their values.')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .action(
      run(async () => {
        const { completionScript } = await import('../completion/scripts.js');
        return async (shell: string, _options: object, output: Output) => {
          output.write(completionScript(shell, command.parent ?? command));
          return EXIT.ok;
        };
      }),
    );
  return examples(
    command,
    'streamwarden completion fish | source',
    'source <(streamwarden completion bash)',
    'source <(streamwarden completion zsh)',
  );
}
