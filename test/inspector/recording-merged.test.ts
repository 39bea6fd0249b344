/** Recordings of several processes as the page shows them: each with its own restarts, locks and marks. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Playback } from '../../src/inspector/page/model/playback.js';
import { besides, processOf, withinProcess } from '../../src/inspector/page/model/process.js';
import { merge } from '../../src/replay/merge.js';
import { loadRecording } from '../../src/replay/recording.js';

async function merged(...names: string[]): Promise<Playback> {
  const recordings = await Promise.all(
    names.map((name) =>
      loadRecording(fileURLToPath(new URL(`../recordings/${name}.jsonl`, import.meta.url))),
    ),
  );
  const { header, lines } = merge(recordings);
  return Playback.of({ header, lines, isCut: false });
}

describe('recordings of several processes in the page', () => {
  it('have paths with their process before them, whatever it is called', () => {
    const path = 'pod:7~1a:consumer/masterSubscription/127.0.0.1:7000';
    expect(processOf(path)).to.equal('pod:7~1a');
    expect(withinProcess(path)).to.equal('consumer/masterSubscription/127.0.0.1:7000');
    expect(besides(path, 'supervisor')).to.equal('pod:7~1a:supervisor');
    const alone = 'consumer/masterSubscription/127.0.0.1:7000';
    expect([processOf(alone), withinProcess(alone), besides(alone, 'supervisor')]).to.deep.equal([
      '',
      alone,
      'supervisor',
    ]);
  });

  it('show of each actor what its own process knows of it', async () => {
    const both = await merged('bugs', 'zombie.heir');
    const seen = new Map<string, Set<string>>();
    for (let position = 0; position <= both.length; position += 1) {
      both.seek(position);
      for (const { path, restarts, lock } of both.scene.actors.rows()) {
        seen.set(path, (seen.get(path) ?? new Set()).add(`${restarts} ${lock}`));
      }
    }
    const of = (part: RegExp) => [...seen].filter(([path]) => part.test(path)).map(([, said]) => [...said]);
    const [keepers, locks] = [of(/^(?!heir).*consumer\/leaseKeeper$/), of(/:consumer\/ownership\//)];
    expect(keepers.flat()).to.include('1 null');
    expect(locks).not.to.deep.equal([]);
    for (const said of locks) expect(said).to.include('null held');
  });

  it('name the process in their marks', async () => {
    const { marks } = await merged('zombie.sleeper', 'zombie.heir');
    const words = marks.map((mark) => mark.words);
    expect(words.filter((text) => /sleeper~\w+ stood still for/.test(text))).to.have.length(1);
    expect(words.at(-1)).to.match(/2 streams were lost, one of sleeper~\w+, two of sleeper~\w+: takenOver/);
  });
});
