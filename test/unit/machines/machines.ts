/** Every machine there is: whatever `src/machines/*.machine.ts` exports. A new one is covered as soon as its file is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type AnyStateMachine, StateMachine } from 'xstate';

const folder = join(import.meta.dirname, '../../../src/machines');

export interface MachineFile {
  readonly file: string;
  readonly machine: AnyStateMachine;
  /** The comment that the file begins with. */
  readonly header: string;
}

// Not import(): what is awaited at the top of a module keeps Mocha from loading the tests without workers.
const require = createRequire(import.meta.url);

function load(file: string): MachineFile {
  const path = join(folder, file);
  const exported = Object.values(require(path) as Record<string, unknown>);
  const machines = exported.filter((value): value is AnyStateMachine => value instanceof StateMachine);
  if (machines.length !== 1)
    throw new Error(`expected ${file} to export one machine, got: ${machines.length}`);
  const header = /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(path, 'utf8'))?.[0] ?? '';
  return { file, machine: machines[0] as AnyStateMachine, header };
}

export const machineFiles: readonly MachineFile[] = readdirSync(folder)
  .filter((file) => file.endsWith('.machine.ts'))
  .sort()
  .map(load);
