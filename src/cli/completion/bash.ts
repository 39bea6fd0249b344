/** Completion for bash, 3.2 and newer. Needs nothing else, the package bash-completion neither. */
import { type CompletedCommand, nameOf, stepsOf, type Values } from './model.js';

export function bashScript(program: string, model: readonly CompletedCommand[]): string {
  const steps = stepsOf(model).map(({ from, word, to }) => `      '${from} ${word}') at='${to}' ;;`);
  const cases = (isVariadic: boolean) =>
    model
      .flatMap(valueCases)
      .filter((one) => one.isVariadic === isVariadic)
      .map((one) => caseOf(program, one))
      .join('\n');
  const words = model.map(
    ({ path, subcommands, options, argument }) => `    '${nameOf(path)}')
      names='${[...subcommands.map(({ name }) => name), ...wordsOf(argument)].join(' ')}'
      options='${options.flatMap(({ flags }) => flags).join(' ')}'
      files=${argument.kind === 'files' ? 1 : 0} ;;`,
  );
  return `# bash completion of ${program}. In ~/.bashrc: source <(${program} completion bash)
_${program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at='' last='' prev='' names='' options='' files=0 i IFS=$' \\t\\n'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -*) last=\${COMP_WORDS[i]} ;;
    esac
    case "$at \${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  # --option=value comes as three words.
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  [[ $cur == '=' ]] && cur=''
  [[ $prev == '=' ]] && prev=$last
  case "$at $prev" in
${cases(false)}
  esac
  if [[ $cur == -* ]]; then last=''; fi
  case "$at $last" in
${cases(true)}
  esac
  case $at in
${words.join('\n')}
  esac
  if [[ $cur == -* || ( -z $names && $files == 0 ) ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ $files == 1 ]]; then
    _${program}_files "$cur"
  else
    COMPREPLY=($(compgen -W "$names" -- "$cur"))
  fi
}
_${program}_files() {
  local IFS=$'\\n'
  type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$1"))
}
complete -F _${program} ${program}
`;
}

interface ValueCase {
  readonly pattern: string;
  readonly isVariadic: boolean;
  readonly values: Values;
}

/** Where only a value can come next. */
function valueCases({ path, options }: CompletedCommand): ValueCase[] {
  return options.flatMap(({ flags, value }): ValueCase[] => {
    if (!value?.isRequired) return [];
    const pattern = flags.map((flag) => `'${nameOf(path)} ${flag}'`).join('|');
    return [{ pattern, isVariadic: value.isVariadic, values: value.values }];
  });
}

function caseOf(program: string, { pattern, values }: ValueCase): string {
  return `    ${pattern}) ${replyWith(program, values)}return ;;`;
}

function replyWith(program: string, values: Values): string {
  switch (values.kind) {
    case 'words':
      return `COMPREPLY=($(compgen -W '${values.words.join(' ')}' -- "$cur")); `;
    case 'files':
      return `_${program}_files "$cur"; `;
    case 'free':
      return '';
  }
}

function wordsOf(values: Values): readonly string[] {
  return values.kind === 'words' ? values.words : [];
}
