/** Who owns a session: handles its messages until there are none, and finishes it unless somebody has posted since. */
import { isStreamwardenError, type StreamHandle } from 'streamwarden';

export interface Session {
  /** The messages that wait, oldest first. */
  next(session: string): Promise<readonly string[]>;
  handle(session: string, message: string, signal: AbortSignal): Promise<void>;
  /** Waits, when there was nothing to do; may return at once. */
  rest(stream: StreamHandle, touched: number): Promise<void>;
}

export function ownSession({ next, handle, rest }: Session) {
  return async (stream: StreamHandle): Promise<void> => {
    const { name, signal } = stream;
    while (!signal.aborted) {
      // Before the look: a message that the look does not see is ensured after this.
      const { touched } = stream;
      const messages = await next(name);
      for (const message of messages) await handle(name, message, signal);
      if (messages.length > 0) continue;
      await rest(stream, touched);
      try {
        await stream.done({ ifTouches: touched });
        return;
      } catch (error) {
        // Somebody has posted since: look once more. The session is owned as before.
        if (!isStreamwardenError(error, 'StreamTouched')) throw error;
      }
    }
  };
}

/** Resolves when the session has been touched since, or its signal has aborted, or the time is over. */
export function quiet(stream: StreamHandle, touched: number, ms: number): Promise<void> {
  const { signal } = stream;
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      forget();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    const forget = stream.onTouched(over);
    signal.addEventListener('abort', over);
    if (stream.touched > touched || signal.aborted) over();
  });
}
