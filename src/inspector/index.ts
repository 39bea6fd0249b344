/** `streamwarden/inspector`: the dev inspector, for several runtimes of one process. */
export type { InspectOptions, RunningInspector } from '../runtime/inspect-options.js';
export { createInspector } from './create-inspector.js';
export type { Inspector } from './public.js';
