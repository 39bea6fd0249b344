/** A clause of docs/reference/contract.md that does not hold, and how. Ids of entries are as Redis has them; whoever prints them gives them names. */
export interface Violation {
  readonly clause: string;
  readonly message: string;
}
