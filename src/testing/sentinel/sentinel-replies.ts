/** What Sentinels say, read from `SENTINEL MASTER` and `SENTINEL REPLICAS`. */

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a Sentinel says of the master. */
export interface Opinion {
  /** `host:port` of the master. */
  readonly address: string;
  /** `master` while all is well; `s_down`, `o_down`, `failover_in_progress` and the like beside it. */
  readonly flags: string;
  readonly otherSentinels: number;
}

/** @param reply of `SENTINEL MASTER` */
export function readOpinion(reply: unknown): Opinion {
  const fields = readFields(reply);
  return {
    address: `${fields.get('ip')}:${fields.get('port')}`,
    flags: String(fields.get('flags')),
    otherSentinels: Number(fields.get('num-other-sentinels')),
  };
}

/** @param reply names and values in turn */
export function readFields(reply: unknown): Map<string, string> {
  const pairs = reply as readonly string[];
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < pairs.length; at += 2) fields.set(pairs[at] as string, pairs[at + 1] as string);
  return fields;
}

/** Whether one row of `SENTINEL REPLICAS` is about `replica`, and says that all is well with it as a replica of `master`. */
export function isReplica(fields: ReadonlyMap<string, string>, replica: Endpoint, master: Endpoint): boolean {
  return (
    fields.get('name') === addressOf(replica) &&
    fields.get('flags') === 'slave' &&
    fields.get('role-reported') === 'slave' &&
    fields.get('master-link-status') === 'ok' &&
    fields.get('master-port') === String(master.port)
  );
}

export function addressOf({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}
