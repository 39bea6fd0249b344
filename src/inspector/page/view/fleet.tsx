/** The whole service: all its processes, how its streams are shared out, who owns what. */
import { useState } from 'preact/hooks';
import type { FleetMoves, FleetReply } from '../../protocol.js';
import { balanceWords, fleetWords, moveWords, whenWords } from '../model/fleet.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { api } from '../state/api.js';
import { usePolled } from '../state/polled.js';
import { route, setParams } from '../state/router.js';
import { hello, subject } from '../state/store.js';
import { FleetProcesses } from './fleet-processes.js';
import { FleetSearch, FoundStream } from './fleet-search.js';
import { FleetStreams } from './fleet-streams.js';
import { Nothing } from './nothing.js';

/** The server asks Redis no more often, whoever else looks on. */
const EVERY_MS = 1_000;

function Balance({ balance }: FleetReply) {
  if (balance === null) return <p class="muted">No round of balancing has been made yet.</p>;
  const tone = balance.waits !== null ? 'warn' : balance.ordered > 0 ? 'busy' : 'quiet';
  return (
    <div class={`banner tone-${tone}`} role="status" data-balance>
      {balanceWords(balance)}
    </div>
  );
}

function Moves({ moves }: { readonly moves: readonly FleetMoves[] }) {
  return (
    <Panel
      title="Moves"
      isFlush
      aside={<span class="muted">who gained and lost streams, while this page looked on</span>}
    >
      {moves.length === 0 ? (
        <Empty title="None yet">Everybody owns as many streams as before.</Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>When</th>
                <th>Process</th>
                <th>Streams</th>
              </tr>
            </thead>
            <tbody>
              {moves.flatMap((look) =>
                look.moves.map((move) => (
                  <tr key={`${look.number} ${move.consumer}`} data-move={move.consumer}>
                    <td class="nowrap">{whenWords(look)}</td>
                    <td class="wrap rest">{move.consumer}</td>
                    <td class="nowrap">{moveWords(move)}</td>
                  </tr>
                )),
              )}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

interface OfProps {
  /** Id of a runtime, or of the service that the server was started for. */
  readonly source: string;
  readonly service: string;
  /** The runtime that is asked has not ended. */
  readonly isLive: boolean;
  /** It may do something with streams. */
  readonly mayAct: boolean;
}

function Of({ source, service, isLive, mayAct }: OfProps) {
  const { value, error } = usePolled(isLive ? () => api.fleet(source) : null, EVERY_MS, [source, isLive]);
  const [chosen, setChosen] = useState<string | null>(null);
  const name = route.value.params.stream ?? '';
  return (
    <>
      <div class="view-head">
        <h1>Fleet</h1>
        <span class="muted">
          of <code>{service}</code>
          {value !== null && `: ${fleetWords(value)}`}
        </span>
        {error !== null && <Badge tone="warn">{error}</Badge>}
        <span class="push" />
        <FleetSearch source={source} name={name} onSearch={(stream) => setParams({ stream })} />
      </div>
      {name !== '' && <FoundStream key={`${source} ${name}`} source={source} name={name} mayAct={mayAct} />}
      {value === null && !isLive ? (
        <Empty title="Redis is asked by runtimes that live">
          This one has ended: choose another one to see the fleet.
        </Empty>
      ) : value === null ? (
        <Empty title={error === null ? 'Asking Redis…' : 'Redis could not be asked'} />
      ) : (
        <>
          <Balance {...value} />
          <FleetProcesses rows={value.members} at={value.at} chosen={chosen} onChoose={setChosen} />
          <div class="columns">
            {chosen !== null && (
              <FleetStreams key={`${source} ${chosen}`} source={source} consumer={chosen} />
            )}
            <Moves moves={value.moves} />
          </div>
        </>
      )}
    </>
  );
}

export function Fleet() {
  const of = subject.value;
  const alone = hello.value?.service ?? null;
  return (
    <main class="view">
      {alone !== null ? (
        <Of key={alone.id} source={alone.id} service={alone.name} isLive mayAct={false} />
      ) : of === null ? (
        <Nothing />
      ) : of.live === null ? (
        <Empty title="A recording holds no fleet">
          The other processes are in Redis. Close the recording to see those of now.
        </Empty>
      ) : (
        <Of
          key={of.live.key}
          source={of.live.info.id}
          service={of.live.info.service}
          isLive={of.live.ended === null}
          mayAct={of.live.ended === null && hello.value?.actions === true}
        />
      )}
    </main>
  );
}
