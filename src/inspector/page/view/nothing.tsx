/** What a view says while there is nothing to be looked at. */
import { Empty } from '../part/panel.js';
import { isOpening } from '../state/player.js';
import { connection, hello } from '../state/store.js';

function Words() {
  const { kind } = connection.value;
  if (kind === 'connecting') return <Empty title="Connecting to the inspector…" />;
  if (kind !== 'open') return <Empty title="Not connected">There is nothing to show yet.</Empty>;
  if (isOpening.value) return <Empty title="Opening the recording…" />;
  if (hello.value?.file) {
    return (
      <Empty title="No recording is open">
        This inspector was started for {hello.value.file.name} alone: reload the page to see it again, or open
        another one.
      </Empty>
    );
  }
  return (
    <Empty title="No runtime is running in this process">
      This page shows the first one as soon as it starts. A recording can be opened meanwhile.
    </Empty>
  );
}

export function Nothing() {
  return (
    <div role="status">
      <Words />
    </div>
  );
}
