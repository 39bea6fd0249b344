import type { Member } from './member.js';
import type { NodeCalls } from './node-calls.js';

export const slotCount = 16_384;

/** Makes one cluster of nodes that know nothing: the first ones masters, the others replicas of these in turn. */
export async function form(
  members: readonly Member[],
  masterCount: number,
  calls: NodeCalls,
  known: () => Promise<void>,
): Promise<void> {
  const masters = members.slice(0, masterCount);
  await Promise.all(
    masters.map(async (master, at) => {
      // Different ones from the start, or masters would first have to quarrel about who keeps his.
      await master.ask(calls, 'CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
      await master.ask(calls, 'CLUSTER', 'ADDSLOTS', ...sharedOut(at, masterCount));
    }),
  );
  await Promise.all(members.map((member, at) => introduce(member, members.slice(0, at), calls)));
  await known();
  await Promise.all(
    members
      .slice(masterCount)
      .map((replica, at) =>
        replica.ask(calls, 'CLUSTER', 'REPLICATE', masters[at % masterCount]?.id as string),
      ),
  );
}

/** Has a node meet each of the others by itself, which takes less time than waiting until they have heard of it. */
export async function introduce(member: Member, others: readonly Member[], calls: NodeCalls): Promise<void> {
  for (const { host, port, busPort } of others) {
    await member.ask(calls, 'CLUSTER', 'MEET', host, port, busPort);
  }
}

/** The slots of one of several masters. */
function sharedOut(at: number, masters: number): number[] {
  const first = Math.round((slotCount * at) / masters);
  const next = Math.round((slotCount * (at + 1)) / masters);
  return Array.from({ length: next - first }, (_, offset) => first + offset);
}
