/** The option `inspect`, said without XState's own types: who does not use it need not load them. */

/** One of XState's inspection events; `InspectionEvent` of `xstate` has all of it. */
export interface ActorInspectionEvent {
  /** `@xstate.actor`, `@xstate.event`, `@xstate.snapshot`, `@xstate.microstep`, `@xstate.action`. */
  readonly type: string;
  readonly rootId: string;
  readonly actorRef: object;
}

/** A method, as their parameters are compared both ways: a function of XState's own, narrower type is one too. */
interface Listening {
  next(event: ActorInspectionEvent): void;
}

/** As XState's `inspect` takes it. */
export type InspectionObserver = Partial<Listening> | Listening['next'];
