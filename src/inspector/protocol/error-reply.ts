/** How a request is refused. */

/** Every reply with a status from 400 up. */
export interface ErrorReply {
  readonly error: {
    /** As StreamwardenError, or one of: `Unauthorized`, `Forbidden`, `ActionsNotAllowed`, `NotFound`, `MethodNotAllowed`, `TooLarge`, `Malformed`, `Busy`, `InternalError`. */
    readonly code: string;
    readonly message: string;
  };
}
