/** The scripts that have a shell complete what is typed. */
import type { Command } from 'commander';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { type CompletedCommand, modelOf } from './model.js';
import { zshScript } from './zsh.js';

const SCRIPTS: Readonly<Record<string, (program: string, model: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @param shell one of those that the command offers */
export function completionScript(shell: string, program: Command): string {
  return (SCRIPTS[shell] ?? bashScript)(program.name(), modelOf(program)).trimEnd();
}
