/** How streams are shared out; units and meaning as in BalanceOptions. */
export interface BalanceSettings {
  /** Whether streams are handed over when there are more of them here than the share. */
  readonly isOn: boolean;
  readonly maxMoves: number;
  readonly maxShare: number;
  readonly everyMs: number;
  readonly settleMs: number;
}
