/** What all commands have in common. */
import type { Output } from './output.js';

/** A command's work; resolves with the exit code. */
export type Work<Options> = (options: Options, output: Output) => Promise<number>;

/** Makes commander's action out of a command's work. */
export type Runner = <Options>(work: Work<Options>) => (options: Options) => Promise<void>;
