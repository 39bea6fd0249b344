/** What XState calls `xstate.done.actor.raise`, in words. */
export function wordsOfEvent(type: string): string {
  const [, kind, invoked] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(type) ?? [];
  if (invoked !== undefined) return `${invoked} ${kind === 'done' ? 'answered' : 'failed'}`;
  const [, delay] = /^xstate\.after\.([^.]*)/.exec(type) ?? [];
  if (delay !== undefined) return `${delay} is over`;
  return type === 'xstate.stop' ? 'stop' : type;
}
