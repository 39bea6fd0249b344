/** What can be typed after `streamwarden`, read from the commander program itself: a script made of it offers what the program takes. */
import type { Argument, Command, Option } from 'commander';

export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  /** Nothing that a shell could know. */
  | { readonly kind: 'free' };

export interface CompletedOption {
  /** `-h` and `--help`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null when it takes none. */
  readonly value: {
    readonly isRequired: boolean;
    readonly isVariadic: boolean;
    readonly values: Values;
  } | null;
}

export interface CompletedCommand {
  /** From the program on, without it: `[]`, `['dlq']`, `['dlq', 'list']`. */
  readonly path: readonly string[];
  readonly options: readonly CompletedOption[];
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly argument: Values;
}

/** The program and all its commands, from the outside in. */
export function modelOf(command: Command, path: readonly string[] = []): CompletedCommand[] {
  const help = command.createHelp();
  const subcommands = [...help.visibleCommands(command)];
  const own: CompletedCommand = {
    path,
    options: [...help.visibleOptions(command)].map(completed),
    subcommands: subcommands.map((one) => ({ name: one.name(), description: one.description() })),
    argument: argumentOf(command),
  };
  return [own, ...subcommands.flatMap((one) => modelOf(one, [...path, one.name()]))];
}

function completed(option: Option): CompletedOption {
  const { short, long, description, required, optional, variadic } = option;
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value:
      required || optional
        ? { isRequired: required, isVariadic: variadic, values: valuesOf(option.argChoices, option.flags) }
        : null,
  };
}

/** Commands take one kind of argument, if any. */
function argumentOf({ registeredArguments: [first] }: Command): Values {
  const argument: Argument | undefined = first;
  return argument === undefined ? { kind: 'free' } : valuesOf(argument.argChoices, `<${argument.name()}>`);
}

function valuesOf(choices: readonly string[] | undefined, placeholder: string): Values {
  if (choices !== undefined) return { kind: 'words', words: choices };
  return /[<[]file\b/.test(placeholder) ? { kind: 'files' } : { kind: 'free' };
}

/** How the words of a line lead from command to command: `from` and `word` to `to`. */
export function stepsOf(
  model: readonly CompletedCommand[],
): { readonly from: string; readonly word: string; readonly to: string }[] {
  return model.flatMap(({ path }) => {
    const word = path.at(-1);
    return word === undefined ? [] : [{ from: nameOf(path.slice(0, -1)), word, to: nameOf(path) }];
  });
}

/** A command's path as one word of a shell. */
export function nameOf(path: readonly string[]): string {
  return path.join('/');
}
