/** `createInspector()`, apart from what it is made of: its declaration loads nothing but its options and its face. */
import type { InspectOptions } from '../runtime/inspect-options.js';
import { openInspector } from './inspector.js';
import type { Inspector } from './public.js';

/**
 * Serves a page that shows the runtimes attached to it. Listens when it resolves; nothing is loaded from elsewhere and nothing leaves the host.
 *
 * @throws StreamwardenError `InvalidOption`, `InspectorFailed`: rejects with
 */
export function createInspector(options: InspectOptions = {}): Promise<Inspector> {
  return openInspector(options);
}
