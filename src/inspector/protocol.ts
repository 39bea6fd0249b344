/**
 * What the inspector's server and its page say to each other, version 1. Types and addresses only: the page imports this file too.
 *
 * The server tells. `GET api/live` is a stream of server-sent events without names; the data of each is one {@link ServerMessage} as JSON.
 *
 *   hello                        who is looked at, what is allowed, and why the viewer was dropped, if it was
 *   machines are fetched once    `GET api/machines`: every statechart, to be drawn
 *   for each runtime             runtime → overview (every section) → ticks (15 minutes) → news (the latest) → recordings → ended → letterJob, where
 *                                there was one → actors, a chunk at a time → ready
 *   from then on                 delta (at most every 100 ms), overview (the sections that changed), tick (once a second), recordings,
 *                                letterJob (at most every 250 ms), and runtime / runtimeEnded as runtimes come and go
 *
 * Deltas may come between the chunks of actors. That does no harm: a row is always the whole of how an actor stands, made when it is sent, so whoever
 * puts each row in the place of the one before has the present state. Nothing has to be asked for again after `ready`, and nothing in a delta
 * depends on an earlier one. What is left out under load is counted (`skipped`), never rows.
 *
 * What is costly is sent only of what a viewer watches: `PUT api/viewers/{viewer}/watch` names actors, and `detail` messages bring their
 * context and events, as lines of a recording (src/replay/format.ts): first what is remembered of each actor, beginning with a spawn or a join,
 * then each event as it happens with the patch of the context it made (applyPatch in src/replay/patch.ts). A join or a spawn always means: begin
 * anew from here.
 *
 * A viewer that does not read is dropped and not waited for: its connection ends. The browser's EventSource connects anew by itself, shows the id
 * of its last message (the viewer's), and is told why in `hello`, and then everything from the beginning.
 *
 * Recordings are lived through in the page. A recording says of each event what it led to, so scrubbing needs no machine: the page reads the
 * lines, applies state and patch to a model of the same {@link ActorRow}s, keeps a copy of the model every some thousand lines, and steps back by
 * going forth from the copy before. Where the present machines do otherwise is asked of the server: `POST api/replay` takes the file and replies
 * with the report of src/replay, whose divergences name actor and `seq`. The server keeps nothing of it. `streamwarden inspect FILE` is the same
 * with a file that the server has: `hello.file`, `GET api/file`, `GET api/file/report`. What an event that did not come would have led to is asked of the
 * server too: `POST api/try` takes state and context of a line, and an event, and replies with what the present machine makes of them. No actor that lives hears of it.
 *
 * `streamwarden inspect --service NAME` shows no runtime: `hello.service` names the service, and only `api/fleets/…` answers for it.
 *
 * What changes something (dead letters, streams, recordings) is refused unless `hello.actions`. Every refusal is an {@link ErrorReply}.
 *
 * The page is served from dist/inspector/page. Its content security policy lets it load scripts, styles, fonts and images from this server only (images
 * also as `data:`), and run or style nothing inline. Every request goes to this server; a token, where one is asked for, is in a cookie by then.
 */

import type { ReplayReport } from '../replay/report.js';

export const PROTOCOL_VERSION = 1;

export type * from './protocol/actors.js';
export * from './protocol/addresses.js';
export type * from './protocol/common.js';
export type * from './protocol/dead-letters.js';
export type * from './protocol/error-reply.js';
export type * from './protocol/fleet.js';
export type * from './protocol/group.js';
export type * from './protocol/letter-jobs.js';
export type * from './protocol/live.js';
export type * from './protocol/machines.js';
export type * from './protocol/message.js';
export type * from './protocol/news.js';
export type * from './protocol/recordings.js';
export * from './protocol/stream-actions.js';
export type * from './protocol/streams.js';
export type * from './protocol/trials.js';
export type { ReplayReport };
