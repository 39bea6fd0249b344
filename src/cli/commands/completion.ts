/** `streamwarden completion`: a script that has a shell complete what is typed. */
import { Argument, Command } from 'commander';
import type { Runner } from '../command.js';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { type CompletedCommand, modelOf } from '../completion/model.js';
import { zshScript } from '../completion/zsh.js';
import { EXIT } from '../errors.js';
import { examples } from '../values.js';

const SCRIPTS: Readonly<Record<string, (program: string, model: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function completionCommand(run: Runner): Command {
  const command = new Command('completion')
    .description('Prints a script that has a shell complete commands, options and their values.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .action((shell: string) =>
      run(async (_options, output) => {
        const program = command.parent ?? command;
        output.write((SCRIPTS[shell] ?? bashScript)(program.name(), modelOf(program)).trimEnd());
        return EXIT.ok;
      })({}),
    );
  return examples(
    command,
    'streamwarden completion fish | source',
    'source <(streamwarden completion bash)',
    'source <(streamwarden completion zsh)',
  );
}
