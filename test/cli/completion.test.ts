import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { installPackages } from '../support/debian.js';
import { skipWithout } from '../support/skip.js';

const run = promisify(execFile);

interface Shell {
  readonly name: 'bash' | 'zsh' | 'fish';
  /** What comes first, with the script that stands in `$SCRIPT`. */
  readonly opening: string;
  /** Completes the last of these words; prints a suggestion a line. */
  readonly program: (words: readonly string[]) => string;
  readonly args: readonly string[];
}

/** A line after what is suggested for one list of words. */
const END = '<end>';

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
    opening: 'source "$SCRIPT"',
    program: (words) =>
      `COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}; _streamwarden
       printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'zsh',
    args: ['-f', '-c'],
    opening: `${ZSH_STUBS}source "$SCRIPT"`,
    // What begins alike is left to zsh itself, and so done here.
    program: (words) =>
      `words=(${words.map(quoted).join(' ')}); CURRENT=${words.length}
       PREFIX=$words[-1]; all=(\${(f)"$(_streamwarden)"}); PREFIX=\${PREFIX#--*=}; print -l -- \${(M)all:#$PREFIX*}`,
  },
  {
    name: 'fish',
    args: ['--no-config', '-c'],
    opening: 'source "$SCRIPT"',
    // A suggestion, a tab, its description.
    program: (words) =>
      `complete -C ${quoted(words.join(' '))} | string replace -r '\\t.*' '' | string replace -r '^--[^=]*=' ''`,
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
        const isThere = () =>
          run(shell.name, ['--version']).then(
            () => true,
            () => false,
          );
        const problem = await installPackages([shell.name], isThere);
        if (problem !== undefined)
          skipWithout(this, { missing: shell.name, remedy: `install it (${problem})` });
        const { code, stdout } = await cli.run(['completion', shell.name]);
        expect(code).to.equal(0);
        script = join(dir, `completion.${shell.name}`);
        await writeFile(script, stdout);
      });

      /** What is suggested for the last word of each line, in alphabetical order; all asked of one shell. */
      async function suggested(...lines: (readonly string[])[]): Promise<string[][]> {
        const programs = lines.map(
          (words) => `${shell.program(['streamwarden', ...words])}\nprintf '%s\\n' '${END}'`,
        );
        const { stdout, stderr } = await run(
          shell.name,
          [...shell.args, [shell.opening, ...programs].join('\n')],
          {
            cwd: dir,
            env: { ...process.env, SCRIPT: script, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
          },
        );
        expect(stderr).to.equal('');
        const answers = stdout.split(`${END}\n`);
        expect(answers.pop()).to.equal('');
        expect(answers).to.have.length(lines.length);
        return answers.map((text) => [...new Set(text.split('\n').filter((line) => line !== ''))].sort());
      }

      it('suggests commands, and commands of commands', async () => {
        const [commands, one, ofDlq, oneOfDlq, others] = await suggested(
          [''],
          ['do'],
          ['dlq', ''],
          ['dlq', 're'],
          ['status', 'do'],
        );
        expect(commands).to.include.members(['produce', 'status', 'doctor', 'dlq', 'completion']);
        expect(one).to.deep.equal(['doctor']);
        expect(ofDlq).to.include.members(['list', 'show', 'redrive', 'delete', 'export']);
        expect(oneOfDlq).to.deep.equal(['redrive']);
        expect(others).to.not.include('doctor');
      });

      it('suggests the options of the command', async () => {
        const answers = await suggested(
          ['status', '--w'],
          ['status', '--service', 'orders', '--inter'],
          ['dlq', 'list', '--older'],
          ['produce', '--watch'],
          ['doctor', '--no-'],
        );
        expect(answers).to.deep.equal([
          ['--watch'],
          ['--interval'],
          ['--older-than'],
          [],
          ['--no-lock-keys'],
        ]);
      });

      it('suggests the values that an option, or an argument, takes', async () => {
        const [all, one, ofArgument] = await suggested(
          ['doctor', '--keyspace-events', ''],
          ['doctor', '--keyspace-events', 'pre'],
          ['completion', ''],
        );
        expect(all).to.deep.equal(['off', 'prefer', 'require']);
        expect(one).to.deep.equal(['prefer']);
        expect(ofArgument).to.include.members(['bash', 'fish', 'zsh']);
      });

      it('suggests one more value where an option takes several', async () => {
        const [several, first] = await suggested(
          ['consume', '--record-on', 'StreamAdded', 'StreamDis'],
          ['consume', '--record-on', 'StreamDis'],
        );
        if (shell.name !== 'fish') expect(several).to.deep.equal(['StreamDisowned']);
        expect(first).to.deep.equal(['StreamDisowned']);
      });

      it('suggests files where a file is meant', async () => {
        const answers = await suggested(['replay', 'inc'], ['consume', '--record', 'inc']);
        expect(answers).to.deep.equal([['incident.jsonl'], ['incident.jsonl']]);
      });

      it('suggests nothing where only the user knows, not even a command of that name', async () => {
        const answers = await suggested(['status', '--service', 'do'], ['status', '--redis', '']);
        expect(answers).to.deep.equal([[], []]);
      });

      it('takes --option=value as well', async () => {
        const split = shell.name === 'bash' ? ['--keyspace-events', '=', 'pre'] : ['--keyspace-events=pre'];
        expect(await suggested(['doctor', ...split])).to.deep.equal([['prefer']]);
      });
    });
  }
});
