/** The face of an inspector. */
import type { RunningInspector } from '../runtime/inspect-options.js';
import type { Runtime } from '../runtime/types.js';

export interface Inspector extends RunningInspector, AsyncDisposable {
  /**
   * Shows a runtime, started or not, until it ends.
   * @returns stops showing it
   * @throws StreamwardenError `InvalidOption`, `RuntimeStopped`
   */
  attach<TInfo>(runtime: Runtime<TInfo>): () => void;
}
