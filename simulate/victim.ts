/** Whatever a fault may befall: a consumer of ours, one of the Go client, a producer. */
import type { SimulatedProcess } from '../src/simulation/process.js';

export interface Victim {
  /** How traces and violations call it. */
  readonly label: string;
  readonly process: SimulatedProcess;
  /** It works, or is about to, or is on its way out. */
  readonly isAlive: boolean;
  /** Something befell it, or its server, from now on for so long, in milliseconds. */
  disturb(ms?: number): void;
  /** Ends at once; its connections are somebody else's business. */
  crash(): void;
}

/** One that is no runtime: when it has crashed, whoever runs it starts another one in its place. */
export interface Bystander extends Victim {
  /** Whether it is, or was in an earlier life, this process: what a process has sent may be executed when it is gone, and another in its place. */
  was(process: SimulatedProcess): boolean;
  startAnew(): void;
}
