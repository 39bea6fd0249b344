/** Which keys live with the load balancer stream, so that one script may touch them together with it. */
export interface Layout {
  /** The dead-letter stream shares its server, or its slot in a cluster. */
  readonly dlqIsLocal: boolean;
  /** So do all lock keys. Never in a cluster: their slot is that of the data stream's name. */
  readonly locksAreLocal: boolean;
}

export const ON_ONE_SERVER: Layout = { dlqIsLocal: true, locksAreLocal: true };
