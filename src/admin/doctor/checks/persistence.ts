import { duration } from '../../../core/amounts.js';
import { eachServer } from '../each-server.js';
import { mastersOf, numberOf, type ServerFacts } from '../facts.js';
import { bad, type Check, good, type Verdict, warning } from '../finding.js';
import { PERMIT_CONFIG, PERMIT_INFO, setTo } from '../remedies.js';

/** What a crash of Redis loses: announcements, who owns what, dead letters. */
export const persistence: Check = {
  name: 'persistence',
  judge: (facts) => eachServer(mastersOf(facts), judge),
};

const USE_AOF = setTo('appendonly', 'yes');

function judge(server: ServerFacts): Verdict {
  const { info, config } = server;
  if (info.size === 0) return warning('could not be told: INFO may not be read', PERMIT_INFO);
  const schedule = config.get('save');
  // Writes are refused for this with an append-only file as well.
  if (info.get('rdb_last_bgsave_status') === 'err' && schedule !== '') return failedSnapshot(schedule);
  if (info.get('aof_enabled') === '1') return appendOnly(server);
  if (schedule === undefined) {
    return warning('no append-only file; whether snapshots are taken could not be told', PERMIT_CONFIG);
  }
  return schedule === '' ? nothing(server) : snapshots(server, schedule);
}

function appendOnly({ info, config }: ServerFacts): Verdict {
  if (info.get('aof_last_write_status') === 'err') {
    return bad(
      'the append-only file cannot be written: every write is refused (MISCONF)',
      "make room on the disk; the server's log says why it failed",
    );
  }
  const fsync = config.get('appendfsync');
  if (fsync === 'no') {
    return warning(
      'append-only file, flushed when the system likes: a crash may lose half a minute',
      setTo('appendfsync', 'everysec'),
    );
  }
  return good(
    fsync === 'always'
      ? 'append-only file, flushed at every write: a crash loses nothing'
      : 'append-only file: a crash loses about the last second',
  );
}

/** @param schedule undefined: it may not be read, and there may be none */
function failedSnapshot(schedule: string | undefined): Verdict {
  const unless = `stop-writes-on-bgsave-error is no${schedule === undefined ? ', or no snapshots are scheduled' : ''}`;
  return bad(
    `the last snapshot failed: every write is refused (MISCONF) unless ${unless}`,
    "make room on the disk, or memory for the fork; the server's log says why it failed; then BGSAVE",
  );
}

function snapshots(server: ServerFacts, schedule: string): Verdict {
  const changes = numberOf(server, 'rdb_changes_since_last_save') ?? 0;
  const savedAt = (numberOf(server, 'rdb_last_save_time') ?? 0) * 1_000;
  const now = (numberOf(server, 'server_time_usec') ?? Number.NaN) / 1_000;
  const age = Number.isNaN(now) ? '' : `, ${duration(Math.max(0, now - savedAt))} ago`;
  return warning(
    `snapshots only (save ${schedule}): a crash loses all since the last one${age}; ${changes} changes so far`,
    USE_AOF,
  );
}

function nothing(server: ServerFacts): Verdict {
  const replicas = numberOf(server, 'connected_slaves') ?? 0;
  return replicas === 0
    ? bad('none: a crash or restart loses every announcement, owner and dead letter', USE_AOF)
    : warning(
        'none: only what a replica has outlives a crash, and only if it is promoted before the master is back, empty',
        USE_AOF,
      );
}
