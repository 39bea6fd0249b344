/** What a script did, against what the contract lets it do, and what has to be remembered of it. */

import { letterOf } from '../consumers.js';
import type { Answer } from '../redis/answers.js';
import type { ScriptCommand } from '../redis/commands.js';
import { sequenceOf, type View } from '../redis/view.js';
import type { Past, World } from '../world.js';
import type { Violation } from './violation.js';

export interface Execution {
  readonly world: World;
  readonly before: View;
  readonly after: View;
  readonly client: number;
  readonly command: ScriptCommand;
  readonly answer: Answer;
  readonly maxRetries: number;
}

export interface Judgement {
  readonly past: Past;
  readonly violations: readonly Violation[];
}

/** Of how many retries each move costs; a dead owner's depends on whether there was one. */
const CLAUSES = {
  failed: 'C-HAND-3',
  waiting: 'C-NAME-2',
  handOver: 'C-STOP-2',
  dead: 'C-EXP-5',
  claimed: 'C-CLM-1',
} as const;

export function judge(execution: Execution): Judgement {
  const { world, client, command, answer } = execution;
  const violations: Violation[] = [];
  const add = (clause: string, message: string) => violations.push({ clause, message });
  let { past } = world;
  if (answer.kind === 'failed') add('-', `the script failed: ${answer.message}`);
  if (answer.kind === 'raised' && command.kind === 'raise') {
    past = {
      ...past,
      generations: past.generations.map((known, index) =>
        index === client ? Math.max(known, command.generation) : known,
      ),
    };
  }
  if ('generation' in command && command.kind !== 'raise' && command.kind !== 'refresh') {
    const isVoid = command.generation < (past.generations[client] ?? 0);
    if (execution.before.presence[client] === undefined && answer.kind !== 'refused') {
      add('C-EXP-1', `${letterOf(client)} has no presence, and is not refused`);
    }
    if (isVoid && answer.kind !== 'refused') {
      add(
        'C-DONE-3',
        `${letterOf(client)} had given this command up, and wrote a newer generation since: it should have been refused`,
      );
    }
  }
  if (answer.kind === 'acquired' && command.kind === 'acquire') past = judgeAcquired(execution, past, add);
  if (answer.kind === 'done' && command.kind === 'done') past = judgeDone(execution, past, add);
  if (answer.kind === 'moved') past = judgeMoved(execution, past, add);
  return { past, violations };
}

type Add = (clause: string, message: string) => void;

function judgeAcquired({ before, client, command, answer }: Execution, past: Past, add: Add): Past {
  if (answer.kind !== 'acquired' || command.kind !== 'acquire') return past;
  let { owned, tokens } = past;
  command.entries.forEach(({ id, name }, index) => {
    if (answer.results[index] !== 'owned') return;
    if (before.pending.get(id) !== client)
      add('C-ADD-1', `${id} is given to ${letterOf(client)}, for whom it is not pending`);
    if (owned.some((other) => other.id === id)) return;
    const other = owned.find((one) => one.name === name);
    if (other)
      add(
        'C-NAME-1',
        `${id} is recorded as the owner of ${name}, and ${other.id}, which ${letterOf(other.client)} owns, has not ended`,
      );
    const last = tokens[name];
    if (last !== undefined && sequenceOf(last) > sequenceOf(id))
      add('C-ADD-7', `the token of ${name} shrinks: ${last} was before, now it is ${id}`);
    tokens = { ...tokens, [name]: id };
    owned = [...owned, { id, name, client }];
  });
  return { ...past, owned, tokens };
}

function judgeDone({ before, client, command, answer }: Execution, past: Past, add: Add): Past {
  if (answer.kind !== 'done' || command.kind !== 'done') return past;
  let { finished, owned } = past;
  command.entries.forEach(({ id }, index) => {
    const isPending = before.pending.get(id) === client;
    const answersTrue = answer.results[index] === true;
    if (answersTrue && !isPending)
      add('C-DONE-3', `done answers that ${id} is finished, and it was not pending for ${letterOf(client)}`);
    if (!answersTrue && isPending)
      add('C-DONE-1', `done answers that ${id} is not pending for ${letterOf(client)}, and it was`);
    if (!answersTrue || !isPending) return;
    const root = before.entries.find((entry) => entry.id === id)?.root ?? -1;
    finished = [...finished, root].sort((a, b) => a - b);
    owned = owned.filter((one) => one.id !== id);
  });
  return { ...past, finished, owned };
}

function reasonOf(command: ScriptCommand): keyof typeof CLAUSES {
  if (command.kind === 'requeue') return 'dead';
  if (command.kind === 'claim') return 'claimed';
  const isLetter =
    command.kind === 'giveBack' && ['rejected', 'unparseable', 'tooLarge'].includes(command.reason);
  return command.kind === 'giveBack' && !isLetter
    ? (command.reason as 'handOver' | 'failed' | 'waiting')
    : 'handOver';
}

function judgeMoved(execution: Execution, past: Past, add: Add): Past {
  const { before, after, command, answer, client, maxRetries } = execution;
  if (answer.kind !== 'moved' || !('entries' in command)) return past;
  const reason = reasonOf(command);
  const from = 'from' in command ? command.from : client;
  let { owned, forced } = past;
  command.entries.forEach(({ id }, index) => {
    const { outcome, copy, count } = answer.moved[index] ?? { outcome: 'notMine', copy: '', count: 0 };
    if (outcome === 'gone')
      add('C-OVL-1', `${id} is found without its payload, and no tool has trimmed it: it had ended already`);
    if (outcome !== 'requeued' && outcome !== 'deadLettered') return;
    if (before.pending.get(id) !== from)
      add('C-OVL-1', `${id} is moved, and was not pending for ${letterOf(from)}`);
    const original = before.entries.find((entry) => entry.id === id);
    const wasOwned = owned.some((one) => one.id === id);
    // C-POI-11: the first death too many makes a suspect of it.
    const becomesSuspect =
      reason === 'dead' &&
      wasOwned &&
      maxRetries > 0 &&
      (original?.retries ?? 0) >= maxRetries &&
      !original?.isSuspect;
    const isSpent = reason === 'failed' || ((reason === 'dead' || reason === 'claimed') && wasOwned);
    const due = isSpent && !becomesSuspect ? 1 : 0;
    const spent = count - (original?.retries ?? 0);
    if (outcome === 'requeued') {
      if (spent !== due) add(CLAUSES[reason], `${spent} retries were spent on ${id}, expected ${due}`);
      if (count > maxRetries && reason !== 'claimed')
        add('C-POI-2', `${id} is requeued as ${copy} with ${count} retries, and ${maxRetries} are allowed`);
      const stored = after.entries.find((entry) => entry.id === copy);
      if (stored !== undefined && (stored.root !== original?.root || stored.retries !== count))
        add('C-EXP-5', `${copy} is no copy of ${id}`);
      if (becomesSuspect && stored?.isSuspect === false)
        add('C-POI-11', `${copy} is not taken for a suspect`);
      // Delivered too often to consumers that died without owning it: that costs no retry.
    } else if (becomesSuspect) {
      add('C-POI-11', `${id} is dead-lettered, and was not begun alone`);
    } else if ((due !== 1 || count !== maxRetries + 1) && (reason !== 'dead' || due !== 0 || spent !== 0)) {
      add('C-POI-2', `${id} is dead-lettered with ${count} retries, and ${maxRetries} are allowed`);
    }
    owned = owned.filter((one) => one.id !== id);
    if (command.kind === 'claim' && command.isForced) forced = [...forced, id].sort();
  });
  return { ...past, owned, forced };
}
