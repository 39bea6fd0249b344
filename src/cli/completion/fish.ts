/** Completion for fish, 3.0 and newer, with descriptions. */
import { type CompletedCommand, type CompletedOption, nameOf, stepsOf, type Values } from './model.js';

export function fishScript(program: string, model: readonly CompletedCommand[]): string {
  const steps = stepsOf(model).map(
    ({ from, word, to }) =>
      `            case ${quoted(`${from} ${word}`)}\n                set at ${quoted(to)}`,
  );
  return `# fish completion of ${program}. In ~/.config/fish/config.fish: ${program} completion fish | source
function __${program}_at
    set -l at ''
    set -l words (commandline -opc)
    for word in $words[2..-1]
        switch "$at $word"
${steps.join('\n')}
        end
    end
    test "$at" = "$argv[1]"
end
complete -c ${program} -f
${model.flatMap((command) => linesOf(program, command)).join('\n')}
`;
}

function linesOf(program: string, { path, subcommands, options, argument }: CompletedCommand): string[] {
  const line = `complete -c ${program} -n ${quoted(`__${program}_at ${quoted(nameOf(path))}`)}`;
  const names = subcommands.map(
    ({ name, description }) => `${line} -a ${quoted(name)} -d ${quoted(description)}`,
  );
  const others = argument.kind === 'free' ? [] : [`${line} ${offer(argument)}`];
  return [...names, ...others, ...options.map((option) => `${line} ${optionOf(option)}`)];
}

function optionOf({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  // What may stand without a value is not made to wait for one.
  const takes = value?.isRequired ? [`-r ${offer(value.values)}`] : [];
  return [...names, ...takes, `-d ${quoted(description)}`].join(' ');
}

function offer(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-f -a ${quoted(values.words.join(' '))}`;
    case 'files':
      return '-F';
    case 'free':
      return '-f';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
