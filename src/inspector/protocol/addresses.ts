/** Where everything of the inspector is, relative to the page. */

import type { ReplayReport } from '../../replay/report.js';
import type { WatchRequest } from './actors.js';
import type {
  DeadLettersOutcome,
  DeadLettersReply,
  DeadLettersRequest,
  LetterGroupsReply,
  LettersFilter,
} from './dead-letters.js';
import type { FleetNamesReply, FleetReply, FleetStreamReply, FleetStreamsReply } from './fleet.js';
import type { GroupReply } from './group.js';
import type { LetterJob, LetterJobRequest } from './letter-jobs.js';
import type { Hello, Limits } from './live.js';
import type { RecordingInfo } from './recordings.js';
import type { StreamAction, StreamActionReply, StreamActionRequest } from './stream-actions.js';
import type { StreamReply } from './streams.js';
import type { TrialReply, TrialRequest } from './trials.js';

/** Where everything is, relative to the page. */
export const addresses = {
  live: 'api/live',
  machines: 'api/machines',
  /** PUT {@link WatchRequest}: replaces what the viewer watches, as soon as there is a hello; runtimes that come later count. 204. */
  watch: (viewer: string) => `api/viewers/${encodeURIComponent(viewer)}/watch`,
  /** GET {@link GroupReply}. */
  group: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/group`,
  /** GET {@link StreamReply}: what it does with one stream of its own. @param id of the entry */
  stream: (runtime: string, id: string) =>
    `api/runtimes/${encodeURIComponent(runtime)}/streams/${encodeURIComponent(id)}`,
  /** GET {@link FleetReply}. @param source id of a runtime, or of {@link Hello.service} */
  fleet: (source: string) => `api/fleets/${encodeURIComponent(source)}`,
  /** GET {@link FleetStreamsReply}; query: `consumer` (name in the group), `after` (an entry id: further pages). */
  fleetStreams: (source: string) => `api/fleets/${encodeURIComponent(source)}/streams`,
  /** GET {@link FleetStreamReply}; query: `name` of a data stream. */
  fleetStream: (source: string) => `api/fleets/${encodeURIComponent(source)}/stream`,
  /** GET {@link FleetNamesReply}; query: `part` of a name. */
  fleetNames: (source: string) => `api/fleets/${encodeURIComponent(source)}/names`,
  /**
   * GET {@link DeadLettersReply}, newest first; query: `count` (1 to 100, 50), {@link LettersFilter}, `after` (an entry id: further pages), and, to go on in the range
   * that a reply about groups had, its members.
   */
  deadLetters: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters`,
  /** GET {@link LetterGroupsReply}; query: the same but `count`. */
  letterGroups: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/groups`,
  /** POST {@link LetterJobRequest}, replies with {@link LetterJob}. An action. One at a time: `Busy` */
  letterJobs: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/jobs`,
  /** POST {}, replies with {@link LetterJob} as it ended. An action. */
  stopLetterJob: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/jobs/stop`,
  /** POST {@link DeadLettersRequest}, replies with {@link DeadLettersOutcome}. An action. */
  redrive: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/redrive`,
  /** POST {@link DeadLettersRequest}, replies with {@link DeadLettersOutcome}. An action. */
  deleteLetters: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/delete`,
  /** POST {@link StreamActionRequest}, replies with {@link StreamActionReply}. An action. */
  streamAction: (runtime: string, action: StreamAction) =>
    `api/runtimes/${encodeURIComponent(runtime)}/streams/${action}`,
  /** POST {}, replies with {@link RecordingInfo}: begins one. An action. */
  recordings: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/recordings`,
  /** POST {}, replies with {@link RecordingInfo}: ends it. An action. */
  stopRecording: (runtime: string, id: string) =>
    `api/runtimes/${encodeURIComponent(runtime)}/recordings/${encodeURIComponent(id)}/stop`,
  /** GET: the file, once it has ended. */
  recording: (runtime: string, id: string) =>
    `api/runtimes/${encodeURIComponent(runtime)}/recordings/${encodeURIComponent(id)}`,
  /** POST the text of a recording (content type `application/x-ndjson`; at most {@link Limits.replayBytes}), replies with {@link ReplayReport}. */
  replay: 'api/replay',
  /** POST {@link TrialRequest}, replies with {@link TrialReply}: what would come of an event, in a recording. Changes nothing, tells nobody. */
  try: 'api/try',
  /** GET: the recording that the server was started with. */
  file: 'api/file',
  /** GET {@link ReplayReport}. */
  fileReport: 'api/file/report',
} as const;
