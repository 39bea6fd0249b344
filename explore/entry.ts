/** An entry of the load balancer stream, as a client reads it. */
export interface Entry {
  readonly id: string;
  readonly name: string;
}
