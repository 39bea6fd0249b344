/** What the inspector is asked for, and how it is answered: types only, since the inspector itself is loaded when somebody asks. */

export interface InspectOptions {
  /** TCP port to listen on, 0 to 65535; 0: any free one. @defaultValue 0 */
  readonly port?: number;
  /** Address to listen on. Another one than this computer's own needs a token. @defaultValue '127.0.0.1' */
  readonly host?: string;
  /**
   * What viewers have to know, 16 to 256 letters, digits, `-` and `_`: `?token=…` the first time, then a cookie, or `Authorization: Bearer …`.
   * @defaultValue none is asked for
   */
  readonly token?: string;
  /** Whether viewers may change dead letters, act on streams, and make recordings. @defaultValue false */
  readonly actions?: boolean;
  /** Whether programs may watch the actors in the format of Stately's inspector, by a websocket at `/stately`. @defaultValue false */
  readonly stately?: boolean;
  /**
   * Whose pages may open that websocket beside the inspector's own, such as `https://example.com`: they see whatever it tells.
   * @defaultValue none
   */
  readonly statelyOrigins?: readonly string[];
  /**
   * Names, beside this computer's own, that a browser may have asked for it by: of a proxy, say. Without ports. Addresses need not be listed, but a
   * server that listens on loopback answers to nothing else than loopback and these.
   * @defaultValue none
   */
  readonly allowedHosts?: readonly string[];
}

/** An inspector that listens. */
export interface RunningInspector {
  /** Where it is, without the token. */
  readonly url: string;
  /** Ends every connection. Runtimes go on. Idempotent. */
  close(): Promise<void>;
}
