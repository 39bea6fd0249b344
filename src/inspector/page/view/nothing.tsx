/** What a view says while there is nothing to be looked at. */
import { Empty } from '../part/panel.js';
import { connection, hello } from '../state/store.js';

export function Nothing() {
  const { kind } = connection.value;
  if (kind === 'connecting') return <Empty title="Connecting to the inspector…" />;
  if (kind !== 'open') return <Empty title="Not connected">There is nothing to show yet.</Empty>;
  if (hello.value?.file) return <Empty title="Opening the recording…" />;
  return (
    <Empty title="No runtime is running in this process">
      This page shows the first one as soon as it starts. A recording can be opened meanwhile.
    </Empty>
  );
}
