/** What all commands have in common. */
import type { Command } from 'commander';
import type { Output } from './output.js';

/** A command's work, with its arguments, if it has any, and its options; resolves with the exit code. */
export type Work<Given extends unknown[]> = (...given: [...Given, Output]) => Promise<number>;

/**
 * Makes commander's action out of a command's work. The work is loaded when the command runs: whoever asks for help, or for another
 * command, does not wait for it.
 */
export type Runner = <Given extends unknown[]>(
  load: () => Promise<Work<Given>>,
) => (...given: [...Given, Command]) => Promise<void>;
