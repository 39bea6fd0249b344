/** Addresses of servers as text, `host:port`: how they are compared, kept in maps and shown. An IPv6 host stands without brackets. */

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export function formatAddress({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}

/** The last colon separates the port, as in the replies of Redis Cluster. */
export function parseAddress(address: string): Endpoint {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(at + 1)) };
}
