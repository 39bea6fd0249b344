/** What answers at each address of protocol.ts. */
import { machineDefinitions } from './definitions.js';
import type { RuntimeFeed } from './feed.js';
import type { FleetView } from './fleet-view.js';
import { type FileInfo, type ServiceInfo, STREAM_ACTIONS } from './protocol.js';
import { sendFile } from './recordings.js';
import { Refusal } from './refusal.js';
import { Replays } from './replays.js';
import {
  bodyAs,
  checked,
  entryId,
  fleetNamesQuery,
  fleetStreamQuery,
  fleetStreamsQuery,
  letterGroupsQuery,
  letterJobRequest,
  letterPageQuery,
  lettersRequest,
  nothing,
  streamActionRequest,
  watchRequest,
} from './requests.js';
import { type Answer, type Call, Routes } from './routes.js';
import type { Viewers } from './viewers.js';

/** A recording that is shown. */
export interface InspectedFile {
  readonly path: string;
  readonly info: FileInfo;
}

/** A service that is shown without any runtime of it. */
export interface InspectedService {
  readonly info: ServiceInfo;
  readonly fleet: FleetView;
}

export interface Api {
  readonly areActionsAllowed: boolean;
  /** By the runtime's id. */
  readonly feeds: ReadonlyMap<string, RuntimeFeed>;
  readonly viewers: Viewers;
  readonly file: InspectedFile | undefined;
  readonly service: InspectedService | undefined;
  readonly live: Answer;
}

export function apiRoutes({ areActionsAllowed, feeds, viewers, file, service, live }: Api): Routes {
  const replays = new Replays();

  /** @throws Refusal `NotFound` */
  function feedOf({ parts }: Call): RuntimeFeed {
    const feed = feeds.get(parts[0] as string);
    if (feed === undefined) throw new Refusal(404, 'NotFound', 'there is no such runtime any more');
    return feed;
  }

  /** @throws Refusal `NotFound` */
  function fleetOf(call: Call): FleetView {
    return service !== undefined && call.parts[0] === service.info.id
      ? service.fleet
      : feedOf(call).service.fleet;
  }

  function queryOf({ url }: Call): Record<string, string> {
    return Object.fromEntries(url.searchParams);
  }

  /** Behind a proxy the address of that. */
  function viewerOf({ request }: Call): string {
    return request.socket.remoteAddress ?? 'unknown';
  }

  /** @throws Refusal `NotFound` */
  function theFile(): InspectedFile {
    if (file === undefined) throw new Refusal(404, 'NotFound', 'this inspector shows no recording');
    return file;
  }

  async function watch({ request, response, parts }: Call): Promise<void> {
    const { actors } = await bodyAs(watchRequest, request);
    const viewer = viewers.get(parts[0] as string);
    viewer.watched = actors;
    for (const feed of feeds.values()) feed.watch(viewer);
    response.writeHead(204).end();
  }

  const routes = new Routes(areActionsAllowed);
  for (const action of STREAM_ACTIONS) {
    routes.action('POST', `api/runtimes/*/streams/${action}`, async (call) => {
      const request = await bodyAs(streamActionRequest, call.request);
      return await feedOf(call).streamActions.act(action, request, viewerOf(call));
    });
  }
  return routes
    .add('GET', 'api/live', live)
    .add('GET', 'api/machines', () => ({ machines: machineDefinitions() }))
    .add('PUT', 'api/viewers/*/watch', watch)
    .add('GET', 'api/runtimes/*/group', (call) => feedOf(call).service.group())
    .add('GET', 'api/runtimes/*/streams/*', (call) => feedOf(call).stream(checked(entryId, call.parts[1])))
    .add('GET', 'api/fleets/*', (call) => fleetOf(call).look())
    .add('GET', 'api/fleets/*/streams', (call) => {
      const { consumer, after } = checked(fleetStreamsQuery, queryOf(call));
      return fleetOf(call).streams(consumer, after);
    })
    .add('GET', 'api/fleets/*/stream', (call) => {
      return fleetOf(call).find(checked(fleetStreamQuery, queryOf(call)).name);
    })
    .add('GET', 'api/fleets/*/names', (call) => {
      return fleetOf(call).suggest(checked(fleetNamesQuery, queryOf(call)).part);
    })
    .add('GET', 'api/runtimes/*/dead-letters', (call) => {
      return feedOf(call).service.letters.list(checked(letterPageQuery, queryOf(call)));
    })
    .add('GET', 'api/runtimes/*/dead-letters/groups', (call) => {
      return feedOf(call).service.letters.groups(checked(letterGroupsQuery, queryOf(call)));
    })
    .action('POST', 'api/runtimes/*/dead-letters/redrive', async (call) => {
      const { ids } = await bodyAs(lettersRequest, call.request);
      return await feedOf(call).service.letters.change('redrive', ids, viewerOf(call));
    })
    .action('POST', 'api/runtimes/*/dead-letters/delete', async (call) => {
      const { ids } = await bodyAs(lettersRequest, call.request);
      return await feedOf(call).service.letters.change('delete', ids, viewerOf(call));
    })
    .action('POST', 'api/runtimes/*/dead-letters/jobs', async (call) => {
      const request = await bodyAs(letterJobRequest, call.request);
      return await feedOf(call).letterJobs.start(request, viewerOf(call));
    })
    .action('POST', 'api/runtimes/*/dead-letters/jobs/stop', async (call) => {
      await bodyAs(nothing, call.request);
      return await feedOf(call).letterJobs.stop();
    })
    .action('POST', 'api/runtimes/*/recordings', async (call) => {
      await bodyAs(nothing, call.request);
      return await feedOf(call).recordings.start();
    })
    .action('POST', 'api/runtimes/*/recordings/*/stop', async (call) => {
      await bodyAs(nothing, call.request);
      return await feedOf(call).recordings.stop(call.parts[1] as string);
    })
    .add('GET', 'api/runtimes/*/recordings/*', (call) =>
      feedOf(call).recordings.send(call.parts[1] as string, call.response),
    )
    .add('POST', 'api/replay', ({ request }) => replays.ofBody(request))
    .add('POST', 'api/try', ({ request }) => replays.trial(request))
    .add('GET', 'api/file', ({ response }) => {
      const { path, info } = theFile();
      return sendFile(path, info.name, response);
    })
    .add('GET', 'api/file/report', () => replays.ofFile(theFile().path));
}
