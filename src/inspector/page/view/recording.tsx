/** Recordings: made here, brought here, and gone through. */
import { useState } from 'preact/hooks';
import { addresses, type RecordingInfo } from '../../protocol.js';
import { bytes, clockTime, number } from '../model/format.js';
import type { RuntimeModel } from '../model/runtime-model.js';
import { Badge } from '../part/badge.js';
import { Empty, Panel } from '../part/panel.js';
import { api, messageOf } from '../state/api.js';
import { openFile } from '../state/dropped-files.js';
import { closeRecording, fileName, isOpening, openRecording, playback, problem } from '../state/player.js';
import { hello, liveRuntime, subject } from '../state/store.js';
import { RecordingOverview } from './recording-overview.js';

function Drop() {
  const [isOver, setIsOver] = useState(false);
  return (
    <label
      class={`drop ${isOver ? 'is-over' : ''}`}
      onDragOver={() => setIsOver(true)}
      onDragLeave={() => setIsOver(false)}
      onDrop={() => setIsOver(false)}
    >
      {isOpening.value ? 'Opening…' : 'Drop a recording here, or choose a file'}{' '}
      <input
        class="unseen"
        type="file"
        accept=".jsonl,.ndjson,.log,application/x-ndjson"
        aria-label="Recording"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) openFile(file);
          currentTarget.value = '';
        }}
      />
    </label>
  );
}

function Row({ runtime, recording }: { readonly runtime: string; readonly recording: RecordingInfo }) {
  const { id, name, startedAt, active, events, lost, bytes: size, error } = recording;
  const address = addresses.recording(runtime, id);
  return (
    <tr>
      <td class="mono wrap">{name}</td>
      <td class="nowrap">{clockTime(startedAt).slice(0, 8)}</td>
      <td>
        {active ? (
          <Badge tone="busy">recording</Badge>
        ) : (
          <Badge tone={error === null ? 'quiet' : 'bad'}>{error ?? 'ended'}</Badge>
        )}
      </td>
      <td class="num">
        {number(events)}
        {lost > 0 && <span class="muted"> ({number(lost)} lost)</span>}
      </td>
      <td class="num nowrap">{bytes(size)}</td>
      <td class="nowrap">
        {active ? (
          <StopButton runtime={runtime} id={id} />
        ) : (
          <>
            <a class="button is-small" href={address} download={name}>
              Download
            </a>{' '}
            <button
              type="button"
              class="button is-small"
              onClick={() => void openRecording(name, () => api.bytes(address))}
            >
              Open
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

interface ActionProps {
  readonly label: string;
  readonly isMain?: boolean;
  readonly isDisabled?: boolean;
  readonly act: () => Promise<unknown>;
}

/** Says beside it why it did not work. */
function ActionButton({ label, isMain = false, isDisabled = false, act }: ActionProps) {
  const [failure, setFailure] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const run = async () => {
    setIsBusy(true);
    setFailure(null);
    await act().catch((error: unknown) => setFailure(messageOf(error)));
    setIsBusy(false);
  };
  return (
    <>
      <button
        type="button"
        class={`button ${isMain ? 'is-main' : 'is-small'}`}
        disabled={isBusy || isDisabled}
        onClick={() => void run()}
      >
        {label}
      </button>
      {failure !== null && <span role="alert">{failure}</span>}
    </>
  );
}

function StopButton({ runtime, id }: { readonly runtime: string; readonly id: string }) {
  return <ActionButton label="Stop" act={() => api.stopRecording(runtime, id)} />;
}

interface MadeProps {
  readonly runtime: RuntimeModel;
  /** Actions are allowed. */
  readonly isAllowed: boolean;
}

function Made({ runtime: { info, recordings, ended }, isAllowed }: MadeProps) {
  return (
    <Panel
      title={`Recordings of ${info.id}`}
      isFlush
      aside={
        <span class="push">
          {isAllowed ? (
            <ActionButton
              label="Start recording"
              isMain
              isDisabled={ended !== null || recordings.some(({ active }) => active)}
              act={() => api.startRecording(info.id)}
            />
          ) : (
            <span class="muted">Read only: the inspector was not started with actions.</span>
          )}
        </span>
      }
    >
      {recordings.length === 0 ? (
        <Empty title="None has been made here yet" />
      ) : (
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th>Started</th>
              <th>State</th>
              <th class="num">Events</th>
              <th class="num">Size</th>
              <th>
                <span class="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {recordings.toReversed().map((recording) => (
              <Row key={recording.id} runtime={info.id} recording={recording} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

export function Recording() {
  const runtime = liveRuntime();
  const of = subject.value;
  return (
    <main class="view">
      <div class="view-head">
        <h1>Recording</h1>
        {playback.value !== null && (
          <>
            <span class="mono">{fileName.value}</span>
            <button type="button" class="button push" onClick={closeRecording}>
              {runtime === null ? 'Close' : 'Close, and back to live'}
            </button>
          </>
        )}
      </div>
      {problem.value !== null && (
        <div class="banner tone-bad" role="alert">
          {problem.value}
        </div>
      )}
      {playback.value !== null && of !== null && <RecordingOverview of={of} />}
      <Drop />
      {runtime !== null && <Made runtime={runtime} isAllowed={hello.value?.actions === true} />}
    </main>
  );
}
