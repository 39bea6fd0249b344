import { useEffect, useRef } from 'preact/hooks';
import { addresses } from '../../protocol.js';
import { nameOf } from '../model/lineage.js';
import { type Route, VIEW_NAMES } from '../model/route.js';
import { api } from '../state/api.js';
import { placeInAddress } from '../state/place.js';
import { openRecording, playback } from '../state/player.js';
import { go, route } from '../state/router.js';
import { hello, shown, subject } from '../state/store.js';
import { Actor } from './actor.js';
import { Actors } from './actors.js';
import { Banner } from './banner.js';
import { DeadLetters } from './dead-letters.js';
import { Fleet } from './fleet.js';
import { Help } from './help.js';
import { Overview } from './overview.js';
import { Recording } from './recording.js';
import { Sequence } from './sequence.js';
import { Side } from './side.js';
import { Timeline } from './timeline.js';
import { Topology } from './topology.js';

function View() {
  const { view, actor } = shown.value;
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
    case 'fleet':
      return <Fleet />;
    default:
      return <Overview />;
  }
}

/** The recording that the server was started with is what there is to be seen. */
function useServedFile(): void {
  const name = hello.value?.file?.name;
  useEffect(() => {
    if (name === undefined || playback.peek() !== null) return;
    const place = { replay: api.fileReport, at: placeInAddress() };
    void openRecording(name, () => api.bytes(addresses.file), place);
    if (route.peek().view === 'overview') go({ view: 'recording' });
  }, [name]);
}

function titleOf({ view, actor }: Route): string {
  return view === 'actor' ? nameOf(actor ?? '') : VIEW_NAMES[view];
}

/** Of the tab: several inspectors stand side by side there. */
function Title() {
  const parts = [titleOf(shown.value), subject.value?.title ?? hello.value?.service?.name, 'streamwarden'];
  const title = parts.filter((part) => part !== undefined).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}

/** What had the focus may be gone with the view before: the next Tab goes on from the new one, not from the top. */
function useFocusKept(): void {
  const { view, actor } = shown.value;
  const isFirst = useRef(true);
  useEffect(() => {
    const main = document.querySelector('main');
    if (!isFirst.current && main !== null && document.activeElement === document.body) {
      main.tabIndex = -1;
      main.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [view, actor]);
}

export function App() {
  useServedFile();
  useFocusKept();
  return (
    <div class="shell">
      <Side />
      <div class="main">
        <Banner />
        <View />
        {playback.value !== null && <Timeline playback={playback.value} />}
      </div>
      <Help />
      <Title />
    </div>
  );
}
