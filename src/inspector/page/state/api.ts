/** Requests to the inspector's server. */

import type { ReplayReport } from '../../protocol.js';
import {
  addresses,
  type DeadLettersOutcome,
  type DeadLettersReply,
  type DeadLettersRequest,
  type ErrorReply,
  type FleetNamesReply,
  type FleetReply,
  type FleetStreamReply,
  type FleetStreamsReply,
  type GroupReply,
  type LetterGroupsReply,
  type LetterJob,
  type LetterJobRequest,
  type LettersFilter,
  type MachineDefinition,
  type MachinesReply,
  type RecordingInfo,
  type StreamAction,
  type StreamActionReply,
  type StreamActionRequest,
  type StreamReply,
  type TrialReply,
  type TrialRequest,
  type WatchRequest,
} from '../../protocol.js';

/** Thrown when the server refuses, or does not answer (status 0). */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function request(address: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { ...init, credentials: 'same-origin' });
  } catch {
    throw new RequestFailed(0, 'Unreachable', 'the inspector does not answer');
  }
  if (response.ok) return response;
  const reply = (await response.json().catch(() => null)) as ErrorReply | null;
  const { code = 'InternalError', message = `the inspector replied with status ${response.status}` } =
    reply?.error ?? {};
  throw new RequestFailed(response.status, code, message);
}

async function get<T>(address: string): Promise<T> {
  return (await (await request(address)).json()) as T;
}

function sendJson(address: string, method: 'POST' | 'PUT', body: unknown): Promise<Response> {
  return request(address, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function post<T>(address: string, body: unknown): Promise<T> {
  return (await (await sendJson(address, 'POST', body)).json()) as T;
}

/** Without what is not given. */
function queryOf(members: Readonly<Record<string, string | number | null | undefined>>): URLSearchParams {
  const given = Object.entries(members).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

export const api = {
  /** Rejects with why the stream of messages would be refused. */
  tryLive: async (): Promise<void> => {
    const { body } = await request(addresses.live);
    await body?.cancel();
  },
  machines: async (): Promise<readonly MachineDefinition[]> =>
    (await get<MachinesReply>(addresses.machines)).machines,
  group: (runtime: string) => get<GroupReply>(addresses.group(runtime)),
  stream: (runtime: string, id: string) => get<StreamReply>(addresses.stream(runtime, id)),
  fleet: (source: string) => get<FleetReply>(addresses.fleet(source)),
  fleetStreams: (source: string, consumer: string, after: string | null) => {
    const query = new URLSearchParams({ consumer, ...(after === null ? {} : { after }) });
    return get<FleetStreamsReply>(`${addresses.fleetStreams(source)}?${query}`);
  },
  fleetStream: (source: string, name: string) =>
    get<FleetStreamReply>(`${addresses.fleetStream(source)}?${new URLSearchParams({ name })}`),
  fleetNames: (source: string, part: string) =>
    get<FleetNamesReply>(`${addresses.fleetNames(source)}?${new URLSearchParams({ part })}`),
  deadLetters: (runtime: string, filter: LettersFilter, after: string | null) =>
    get<DeadLettersReply>(`${addresses.deadLetters(runtime)}?${queryOf({ ...filter, after })}`),
  /** @param before what it goes on with; null: at the beginning */
  letterGroups: (runtime: string, filter: LettersFilter, before: LetterGroupsReply | null) => {
    const query = queryOf({ ...filter, ...before?.range, after: before?.after ?? null });
    return get<LetterGroupsReply>(`${addresses.letterGroups(runtime)}?${query}`);
  },
  actOnStream: (runtime: string, action: StreamAction, stream: StreamActionRequest) =>
    post<StreamActionReply>(addresses.streamAction(runtime, action), stream),
  startLetterJob: (runtime: string, job: LetterJobRequest) =>
    post<LetterJob>(addresses.letterJobs(runtime), job),
  stopLetterJob: (runtime: string) => post<LetterJob>(addresses.stopLetterJob(runtime), {}),
  deadLetterCount: async (runtime: string): Promise<number> =>
    (await get<DeadLettersReply>(`${addresses.deadLetters(runtime)}?count=1`)).length,
  redrive: (runtime: string, ids: readonly string[]) =>
    post<DeadLettersOutcome>(addresses.redrive(runtime), { ids } satisfies DeadLettersRequest),
  deleteLetters: (runtime: string, ids: readonly string[]) =>
    post<DeadLettersOutcome>(addresses.deleteLetters(runtime), { ids } satisfies DeadLettersRequest),
  startRecording: (runtime: string) => post<RecordingInfo>(addresses.recordings(runtime), {}),
  stopRecording: (runtime: string, id: string) =>
    post<RecordingInfo>(addresses.stopRecording(runtime, id), {}),
  bytes: async (address: string) => (await request(address)).arrayBuffer(),
  watch: async (viewer: string, actors: WatchRequest['actors']): Promise<void> => {
    await sendJson(addresses.watch(viewer), 'PUT', { actors } satisfies WatchRequest);
  },
  replay: async (recording: ArrayBuffer): Promise<ReplayReport> => {
    const headers = { 'content-type': 'application/x-ndjson' };
    // What fetch is given as a text, or as bytes, it encodes and copies at once: of ten megabytes the page answers nobody for half a second.
    const body = new Blob([recording]);
    const response = await request(addresses.replay, { method: 'POST', headers, body });
    return (await response.json()) as ReplayReport;
  },
  tryEvent: (trial: TrialRequest) => post<TrialReply>(addresses.try, trial),
  fileReport: () => get<ReplayReport>(addresses.fileReport),
};

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
