import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { installPackages } from '../support/debian.js';
import { skipWithout } from '../support/skip.js';

interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  /** Completes the last of these words with the script that stands in `$SCRIPT`; prints a suggestion a line. */
  readonly program: (words: readonly string[]) => string;
  readonly args: readonly string[];
}

const quoted = (word: string) => `'${word}'`;

/** The functions of zsh's completion system, which exist only while somebody types, print what they are given. */
const ZSH_STUBS = `
_describe() { local name=\${@[-1]}; print -l -- \${(@)\${(@P)name}%%:*} }
_files() { print -l -- $PREFIX*(N) }
compadd() { shift; print -l -- "$@" }
compset() { PREFIX=\${PREFIX#*=} }
compdef() { }
`;

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    args: ['--norc', '--noprofile', '-c'],
    program: (words) =>
      `source "$SCRIPT"; COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}; _streamwarden
       printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'zsh',
    args: ['-f', '-c'],
    // What begins alike is left to zsh itself, and so done here.
    program: (words) =>
      `${ZSH_STUBS}source "$SCRIPT"; words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}
       PREFIX=$words[-1]; all=(\${(f)"$(_streamwarden)"}); PREFIX=\${PREFIX#--*=}; print -l -- \${(M)all:#$PREFIX*}`,
  },
  {
    name: 'fish',
    args: ['--no-config', '-c'],
    // A suggestion, a tab, its description.
    program: (words) =>
      `source "$SCRIPT"; complete -C ${quoted(words.join(' '))} | string replace -r '\\t.*' '' | string replace -r '^--[^=]*=' ''`,
  },
];

describe('streamwarden completion', () => {
  const cli = useCli();
  let dir: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'streamwarden-completion-'));
    await writeFile(join(dir, 'incident.jsonl'), '');
  });
  after(async () => await rm(dir, { recursive: true, force: true }));

  it('names the shells that it knows: exit code 2 for another one', async () => {
    for (const args of [['completion', 'tcsh'], ['completion']]) {
      const { code, stdout, stderr } = await cli.run(args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(/^error: [^\n]*(bash, zsh, fish|missing required argument 'shell')[^\n]*\n$/);
    }
  });

  for (const shell of SHELLS) {
    describe(`in ${shell.name}`, () => {
      let script: string;

      before(async function () {
        const isThere = async () => spawnSync(shell.name, ['--version']).status === 0;
        const problem = await installPackages([shell.name], isThere);
        if (problem !== undefined)
          skipWithout(this, { missing: shell.name, remedy: `install it (${problem})` });
        const { code, stdout } = await cli.run(['completion', shell.name]);
        expect(code).to.equal(0);
        script = join(dir, `completion.${shell.name}`);
        await writeFile(script, stdout);
      });

      /** What is suggested for the last word, in alphabetical order. */
      function suggested(...words: string[]): string[] {
        const all = ['streamwarden', ...words];
        const { stdout, stderr } = spawnSync(shell.name, [...shell.args, shell.program(all)], {
          cwd: dir,
          encoding: 'utf8',
          env: { ...process.env, SCRIPT: script, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
        });
        expect(stderr).to.equal('');
        return [...new Set(stdout.split('\n').filter((line) => line !== ''))].sort();
      }

      it('suggests commands, and commands of commands', () => {
        expect(suggested('')).to.include.members(['produce', 'status', 'doctor', 'dlq', 'completion']);
        expect(suggested('do')).to.deep.equal(['doctor']);
        expect(suggested('dlq', '')).to.include.members(['list', 'show', 'redrive', 'delete', 'export']);
        expect(suggested('dlq', 're')).to.deep.equal(['redrive']);
        expect(suggested('status', 'do')).to.not.include('doctor');
      });

      it('suggests the options of the command', () => {
        expect(suggested('status', '--w')).to.deep.equal(['--watch']);
        expect(suggested('status', '--service', 'orders', '--inter')).to.deep.equal(['--interval']);
        expect(suggested('dlq', 'list', '--older')).to.deep.equal(['--older-than']);
        expect(suggested('produce', '--watch')).to.deep.equal([]);
        expect(suggested('doctor', '--no-')).to.deep.equal(['--no-lock-keys']);
      });

      it('suggests the values that an option, or an argument, takes', () => {
        expect(suggested('doctor', '--keyspace-events', '')).to.deep.equal(['off', 'prefer', 'require']);
        expect(suggested('doctor', '--keyspace-events', 'pre')).to.deep.equal(['prefer']);
        expect(suggested('completion', '')).to.include.members(['bash', 'fish', 'zsh']);
      });

      it('suggests one more value where an option takes several', () => {
        const several = ['consume', '--record-on', 'StreamAdded', 'StreamDis'];
        if (shell.name !== 'fish') expect(suggested(...several)).to.deep.equal(['StreamDisowned']);
        expect(suggested('consume', '--record-on', 'StreamDis')).to.deep.equal(['StreamDisowned']);
      });

      it('suggests files where a file is meant', () => {
        expect(suggested('replay', 'inc')).to.deep.equal(['incident.jsonl']);
        expect(suggested('consume', '--record', 'inc')).to.deep.equal(['incident.jsonl']);
      });

      it('suggests nothing where only the user knows, not even a command of that name', () => {
        expect(suggested('status', '--service', 'do')).to.deep.equal([]);
        expect(suggested('status', '--redis', '')).to.deep.equal([]);
      });

      it('takes --option=value as well', () => {
        const split = shell.name === 'bash' ? ['--keyspace-events', '=', 'pre'] : ['--keyspace-events=pre'];
        expect(suggested('doctor', ...split)).to.deep.equal(['prefer']);
      });
    });
  }
});
