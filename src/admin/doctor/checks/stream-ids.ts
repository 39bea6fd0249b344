import { bad, type Check, good, warning } from '../finding.js';

/** A clock that is set by NTP is never wrong by so much, in milliseconds. */
const MOST_MS = 60_000;
const LAST_MS = '18446744073709551615';

/** Whether the ids of the load balancer stream go with the clock of its server. They only grow, and there is a largest one. */
export const streamIds: Check = {
  name: 'stream-ids',
  judge({ service }) {
    const lastId = service?.lastId ?? null;
    if (service === null || lastId === null) return undefined;
    const { aheadMs, id } = lastId;
    if (aheadMs < MOST_MS) return good(`the newest is ${id}`);
    const { stream } = service.status ?? { stream: { name: `${service.service}-input` } };
    const hours = (aheadMs / 3_600_000).toPrecision(2);
    const heal = remedyFor(stream.name, service.owners);
    if (id.startsWith(`${LAST_MS}-`)) {
      return bad(
        `the last one is ${id}: few more can be added, or none; no requeue, hand-over or announcement succeeds then`,
        heal,
      );
    }
    return warning(
      `the newest, ${id}, is ${hours} hours ahead of the server's clock: somebody added an entry with an id of a later time; ages that are told from ids are wrong`,
      `nothing, if that is no matter until then; else ${heal}`,
    );
  },
};

/** The stream is written anew, under ids of today. */
function remedyFor(stream: string, owners: string): string {
  const copy =
    "for _, e in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do redis.call('XADD', KEYS[2], '*', unpack(e[2])) end";
  return [
    'stop the consumers and producers',
    `RENAME ${stream} ${stream}:old`,
    `DEL ${owners}`,
    `EVAL "${copy}" 2 ${stream}:old ${stream}`,
    'start them again: what was unfinished is given out anew',
    `DEL ${stream}:old`,
  ].join('; ');
}
