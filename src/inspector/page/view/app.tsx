import { useEffect } from 'preact/hooks';
import { addresses } from '../../protocol.js';
import { api } from '../state/api.js';
import { openRecording, playback } from '../state/player.js';
import { go, route } from '../state/router.js';
import { hello } from '../state/store.js';
import { Actor } from './actor.js';
import { Actors } from './actors.js';
import { Banner } from './banner.js';
import { DeadLetters } from './dead-letters.js';
import { Help } from './help.js';
import { Overview } from './overview.js';
import { Recording } from './recording.js';
import { Sequence } from './sequence.js';
import { Side } from './side.js';
import { Timeline } from './timeline.js';
import { Topology } from './topology.js';

function View() {
  const { view, actor } = route.value;
  switch (view) {
    case 'actors':
      return <Actors />;
    case 'actor':
      return <Actor key={actor} path={actor ?? ''} />;
    case 'topology':
      return <Topology />;
    case 'sequence':
      return <Sequence />;
    case 'recording':
      return <Recording />;
    case 'dead-letters':
      return <DeadLetters />;
    default:
      return <Overview />;
  }
}

/** The recording that the server was started with is what there is to be seen. */
function useServedFile(): void {
  const name = hello.value?.file?.name;
  useEffect(() => {
    if (name === undefined || playback.peek() !== null) return;
    void openRecording(name, () => api.text(addresses.file), api.fileReport);
    if (route.peek().view === 'overview') go({ view: 'recording' });
  }, [name]);
}

export function App() {
  useServedFile();
  return (
    <div class="shell">
      <Side />
      <div class="main">
        <Banner />
        <View />
        {playback.value !== null && <Timeline playback={playback.value} />}
      </div>
      <Help />
    </div>
  );
}
