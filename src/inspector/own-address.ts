/** Where the page is, as addresses. */
import { hostname } from 'node:os';

/** As whoever opened it is told. */
export function addressAt(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

/** As other processes are told, that may run elsewhere: all addresses that a computer has are no address that leads to it, and its name is. */
export function addressForOthers(host: string, port: number): string {
  const isEveryAddress = host === '0.0.0.0' || host === '::';
  return addressAt(isEveryAddress ? hostname() : host, port);
}
