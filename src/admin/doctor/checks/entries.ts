import { eachServer } from '../each-server.js';
import type { ServiceFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';

/** What does not work without each command that a reader of entries sends. */
const WITHOUT: Readonly<Record<string, string>> = {
  XREAD: 'entries are not read',
  'XINFO STREAM':
    "entries that are removed before they are read go unheard of, lag is unknown, and from: 'new' fails",
  XTRIM: "trim: 'committed' removes nothing",
  XREVRANGE: "trim: 'committed' leaves a stream at its end",
};

/** Whether the user may do what reading entries of data streams takes, where a process of the service does that. */
export const entries: Check = {
  name: 'entries',
  judge({ servers, service }) {
    if (service === null || !readsEntries(service)) return undefined;
    return eachServer(servers, ({ refusedForEntries }) => judge(refusedForEntries));
  },
};

function readsEntries({ status }: ServiceFacts): boolean {
  return (status?.consumers ?? []).some(({ process }) => (process?.lag ?? null) !== null);
}

function judge(refused: readonly string[]): Verdict {
  if (refused.length === 0)
    return good('the commands that reading entries takes are permitted; not looked at: keys');
  const verdict = refused.includes('XREAD') ? bad : warning;
  return verdict(
    refused.map((command) => `${command} is refused: ${WITHOUT[command]}`).join('; '),
    `ACL SETUSER <user> ${refused.map((command) => `+${command.toLowerCase().replace(' ', '|')}`).join(' ')}; the user of the option data, where data streams are elsewhere`,
  );
}
