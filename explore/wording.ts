/** Steps in words, as in docs/explanation/the-lease.md. */

import { letterOf } from './consumers.js';
import type { Entry } from './entry.js';
import type { Answer } from './redis/answers.js';
import type { Command } from './redis/commands.js';

function idsOf(entries: readonly Entry[]): string {
  return entries.map(({ id }) => id).join(', ');
}

export function commandInWords(command: Command): string {
  switch (command.kind) {
    case 'raise':
      return `raise(generation ${command.generation})`;
    case 'refresh':
      return `refresh(generation ${command.generation})`;
    case 'acquire':
    case 'done':
      return `${command.kind}(${idsOf(command.entries)})`;
    case 'giveBack':
      return `give-back(${command.reason}, ${idsOf(command.entries)})`;
    case 'look':
      return 'look at what is pending for it';
    case 'leave':
      return 'leave';
    case 'requeue':
      return `requeue(${idsOf(command.entries)}, from ${letterOf(command.from)})`;
    case 'claim':
      return `claim(${idsOf(command.entries)}${command.isForced ? ', by force' : ''})`;
  }
}

export function answerInWords(answer: Answer, command: Command): string {
  switch (answer.kind) {
    case 'raised':
      return answer.wasPresent ? 'written, presence stood' : 'written, presence had lapsed';
    case 'standing':
      return `refused, generation ${answer.generation} stands`;
    case 'beat':
      return 'presence lives on';
    case 'lapsed':
      return 'presence has lapsed, and is not written again';
    case 'refused':
      return answer.why === 'lapsed'
        ? 'refused, there is no presence'
        : `refused, generation ${answer.generation} stands`;
    case 'acquired':
      return answer.results
        .map(
          (result) =>
            ({ owned: 'owned', notMine: 'not pending for it', contended: 'another one has the name' })[
              result
            ],
        )
        .join(', ');
    case 'done':
      return answer.results.map((isDone) => (isDone ? 'finished' : 'not pending for it')).join(', ');
    case 'moved':
      return answer.moved.map(({ outcome, copy, count }) => movedInWords(outcome, copy, count)).join(', ');
    case 'holderAlive':
      return 'refused, its presence stands';
    case 'left':
      return answer.pending > 0
        ? `presence is gone, ${answer.pending} entries are left to the others`
        : 'presence is gone';
    case 'pending':
      return answer.entries.length > 0 ? idsOf(answer.entries) : 'nothing';
    case 'failed':
      return `${command.kind} fails: ${answer.message}`;
  }
}

function movedInWords(outcome: string, copy: string, count: number): string {
  switch (outcome) {
    case 'requeued':
      return `back on the stream as ${copy}${count > 0 ? `, retry ${count}` : ''}`;
    case 'deadLettered':
      return `dead-lettered, retry ${count}`;
    case 'notMine':
    case 'notPending':
      return 'not pending for it';
    case 'waiting':
      return 'its name is not free';
    case 'gone':
      return 'its payload is gone';
    case 'alive':
      return 'refused, its presence stands';
    default:
      return outcome;
  }
}
