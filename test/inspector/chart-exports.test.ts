/** Statecharts as they are zoomed, and as Mermaid draws them. */
import { expect } from 'chai';
import { machineDefinitions } from '../../src/inspector/definitions.js';
import { chartMermaid } from '../../src/inspector/page/model/chart-mermaid.js';
import { activePaths } from '../../src/inspector/page/model/chart-state.js';
import { fitting, scrolledTo, within, zoomOfWheel } from '../../src/inspector/page/model/zoom.js';
import type { StateDefinition } from '../../src/inspector/protocol.js';

function below(state: StateDefinition): StateDefinition[] {
  return state.states.flatMap((child) => [child, ...below(child)]);
}

function linesOf(id: string, value: Parameters<typeof activePaths>[0]): string[] {
  const machine = machineDefinitions().find((one) => one.id === id);
  if (machine === undefined) throw new Error(`expected a machine ${id}`);
  return chartMermaid(machine.root, activePaths(value)).split('\n');
}

describe('a statechart as Mermaid', () => {
  for (const { id, root } of machineDefinitions()) {
    it(`has every state of ${id} once, every arrow between them, and names that Mermaid takes`, () => {
      const lines = chartMermaid(root, new Set()).trimEnd().split('\n');
      expect(lines[0]).to.equal('stateDiagram-v2');
      const named = lines.flatMap((line) => /^ *state "[^"]+" as (\w+)( \{)?$/.exec(line)?.[1] ?? []);
      const own = below(root).map(({ path }) => path.replaceAll('.', '_'));
      expect(named.filter((name) => !/(^|_)any$/.test(name)).sort()).to.deep.equal(own.sort());
      const count = (part: RegExp) => lines.filter((line) => part.test(line)).length;
      expect(count(/\{$/)).to.equal(count(/^ *\}$/));
      const known = new Set([...named, '[*]']);
      for (const line of lines) {
        const [, from, to] = /^ *(\S+) --> (\S+)( : [^;#{}<>]+)?$/.exec(line) ?? [];
        if (!line.includes('-->')) continue;
        expect(known.has(from ?? '') && known.has(to ?? ''), line).to.equal(true);
      }
      const leading = below(root).flatMap(({ path, transitions }) =>
        transitions.flatMap(({ targets }) =>
          targets.filter((target) => target !== path && !target.startsWith(`${path}.`)),
        ),
      );
      expect(count(/^ {2}\S+ --> \S+ : /)).to.be.at.least(leading.length);
    });
  }

  it('lights where the actor is, and says what is taken wherever it is', () => {
    const lines = linesOf('ownership', 'extending');
    expect(lines).to.include.members([
      '  [*] --> acquiring',
      '  lost --> [*]',
      '  acking --> released : acked [isLockReleased]',
      '  class extending active',
    ]);
    expect(linesOf('leaseDeadline', 'none')).to.include('  any --> certain : lease.proven');
    const regions = linesOf('reconciler', { timer: 'stopped', caution: 'over', work: 'offline' });
    expect(regions.filter((line) => line.trim() === '--')).to.have.length(2);
    expect(regions).to.include('  class timer_stopped,caution_over,work_offline active');
  });
});

describe('a drawing that is zoomed', () => {
  it('keeps what is below the pointer where it is', () => {
    const { left, top } = scrolledTo({ left: 100, top: 40 }, { x: 50, y: 10 }, 2);
    expect([left, top]).to.deep.equal([250, 90]);
    expect(scrolledTo({ left: 250, top: 90 }, { x: 50, y: 10 }, 0.5)).to.deep.equal({ left: 100, top: 40 });
  });

  it('fits the frame, is never enlarged by that, and neither vanishes nor grows without end', () => {
    expect(fitting({ width: 2_000, height: 500 }, { width: 1_000, height: 800 })).to.equal(0.5);
    expect(fitting({ width: 100, height: 100 }, { width: 1_000, height: 800 })).to.equal(1);
    expect([within(0.01), within(99)]).to.deep.equal([0.25, 4]);
    expect(zoomOfWheel(100)).to.equal(0.5);
    expect(zoomOfWheel(-10_000)).to.equal(2);
  });
});
