/** W3C Trace Context as it travels in an entry of the load balancer stream: two fields that consumers of the Go client ignore. */
export interface TraceFields {
  readonly traceparent: string;
  /** Undefined where there is none. */
  readonly tracestate: string | undefined;
}
