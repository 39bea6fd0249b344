/** Completion for zsh, with descriptions. */
import { type CompletedCommand, type CompletedOption, nameOf, stepsOf, type Values } from './model.js';

export function zshScript(program: string, model: readonly CompletedCommand[]): string {
  const steps = stepsOf(model).map(({ from, word, to }) => `      '${from} ${word}') at='${to}' ;;`);
  return `#compdef ${program}
# zsh completion of ${program}. In ~/.zshrc, after compinit: source <(${program} completion zsh)
_${program}() {
  local at='' last='' prev='' word
  local -a names options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && last=$word
    case "$at $word" in
${steps.join('\n')}
    esac
  done
  prev=$words[CURRENT-1]
  if [[ $PREFIX == --*=* ]]; then
    prev=\${PREFIX%%=*}
    compset -P '*='
  fi
  case "$at $prev" in
${valueCases(model, false).join('\n')}
  esac
  if [[ $PREFIX != -* ]]; then
    case "$at $last" in
${valueCases(model, true).join('\n')}
    esac
  fi
  case $at in
${model.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

/** Where only a value can come next. */
function valueCases(model: readonly CompletedCommand[], isVariadic: boolean): string[] {
  return model.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => {
      if (!value?.isRequired || value.isVariadic !== isVariadic) return [];
      const pattern = flags.map((flag) => `'${nameOf(path)} ${flag}'`).join('|');
      return [`    ${pattern}) ${offer(value.values)}return ;;`];
    }),
  );
}

function commandCase({ path, subcommands, options, argument }: CompletedCommand): string {
  const names = subcommands.map(({ name, description }) => described(name, description));
  const hasOther = names.length > 0 || argument.kind !== 'free';
  return `    '${nameOf(path)}')
      names=(${names.join(' ')})
      options=(${options.flatMap(describedFlags).join(' ')})
      if [[ $PREFIX == -*${hasOther ? '' : ' || -z $PREFIX'} ]]; then _describe -o option options; return; fi
      (( $#names )) && _describe command names
      ${offer(argument)};;`;
}

function offer(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `compadd -- ${values.words.map(quoted).join(' ')}; `;
    case 'files':
      return '_files; ';
    case 'free':
      return '';
  }
}

function describedFlags({ flags, description }: CompletedOption): string[] {
  return flags.map((flag) => described(flag, description));
}

/** The first colon separates. */
function described(name: string, description: string): string {
  return quoted(`${name.replace(/:/g, '\\:')}:${description}`);
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
