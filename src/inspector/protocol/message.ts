/** One message from the server to the page. */

import type { ActorsTold, Delta, Detail, EndedTold } from './actors.js';
import type { LetterJobTold } from './letter-jobs.js';
import type { Hello, OverviewChanged, Ready, RuntimeCame, RuntimeEnded, Tick, TicksTold } from './live.js';
import type { NewsTold } from './news.js';
import type { RecordingsChanged } from './recordings.js';

export type ServerMessage =
  | Hello
  | RuntimeCame
  | RuntimeEnded
  | OverviewChanged
  | TicksTold
  | NewsTold
  | RecordingsChanged
  | EndedTold
  | LetterJobTold
  | ActorsTold
  | Ready
  | Delta
  | Tick
  | Detail;
