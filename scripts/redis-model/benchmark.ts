/** What calls of scripts cost on the simulated server. */
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import { type Reply, type Session, SimulatedRedis } from '../../src/simulation/redis/index.js';

const ROUNDS = 3000;

function run(session: Session, ...argv: (string | number)[]): Reply {
  let answer: Reply = null;
  session.execute(argv.map(String), (reply) => {
    answer = reply;
  });
  return answer;
}

/** Median of several rounds, in microseconds a call. */
function measure(call: () => void, prepare: () => void): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    prepare();
    const began = process.hrtime.bigint();
    call();
    times.push(Number(process.hrtime.bigint() - began) / 1000);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

export function benchmark(): void {
  let now = 1_700_000_000_000;
  const server = new SimulatedRedis({ now: () => now });
  const session = server.connect();
  const call = (name: ScriptName, keys: string[], args: (string | number)[]) =>
    run(session, 'EVALSHA', SCRIPTS[name].sha, keys.length, ...keys, ...args);
  for (const { source } of Object.values(SCRIPTS)) run(session, 'SCRIPT', 'LOAD', source);
  const keys = ['l', 'p', 'o', 'e0', 'e1'];
  const parking = ['pk', 'pn', 'pc', 'pt', 'ps'];
  const acquireKeys = [...keys, 'c', ...parking];
  let ids: string[] = [];
  const pairs = () => ids.flatMap((id, position) => [id, `stream-${position}`]);

  function fresh(count: number, isOwned: boolean): void {
    now += 1;
    run(session, 'FLUSHALL');
    run(session, 'XGROUP', 'CREATE', 'l', 'g', '0', 'MKSTREAM');
    call('raise', ['p'], [1, 60000]);
    ids = Array.from({ length: count }, (_, position) =>
      String(run(session, 'XADD', 'l', '*', 'lbs-input', `{"DataStreamName":"stream-${position}"}`)),
    );
    run(session, 'XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', count, 'STREAMS', 'l', '>');
    if (isOwned) call('acquire', acquireKeys, ['g', 'a', 1, ...pairs()]);
  }

  const scenes: [name: string, count: number, isOwned: boolean, call: () => void][] = [];
  scenes.push([
    'refresh',
    1,
    false,
    () => call('refresh', ['p'], [1, 60000, 'a~00000001', 't', 'dd', 'c', 'pk', 'pc']),
  ]);
  for (const count of [1, 20]) {
    scenes.push([
      `acquire ${count}`,
      count,
      false,
      () => call('acquire', acquireKeys, ['g', 'a', 1, ...pairs()]),
    ]);
    scenes.push([
      `done ${count}`,
      count,
      true,
      () => call('done', [...keys, ...parking], ['g', 'a', 1, ...pairs()]),
    ]);
    scenes.push([
      `requeue ${count}`,
      count,
      true,
      () =>
        call(
          'requeue',
          ['l', 'none', 'o', 'e0', 'e1', 'd', 'c', ...parking],
          ['g', 'a', 'me', 3, 100, 0, 0, 0, ...pairs()],
        ),
    ]);
  }
  for (const [name, count, isOwned, scene] of scenes) {
    const median = measure(scene, () => fresh(count, isOwned));
    console.log(`${name.padEnd(12)} ${median.toFixed(1).padStart(7)} µs a call`);
  }
}
