/** What Kubernetes and Prometheus ask, on a port of its own: it answers until the very end, when the service itself takes no request more. */
import { createServer, type Server } from 'node:http';
import type { Runtime, Snapshot } from 'streamwarden';

export function createProbes(runtime: Runtime): Server {
  return createServer((request, response) => {
    const { live, ready, reasons } = runtime.health();
    const answer = (status: number, body: object | string) => {
      const isText = typeof body === 'string';
      response.writeHead(status, {
        'content-type': isText ? 'text/plain; version=0.0.4' : 'application/json',
      });
      response.end(isText ? body : JSON.stringify(body));
    };
    switch (request.url) {
      // Only what a restart would help. Redis being away is nothing of the kind.
      case '/livez':
        return answer(live ? 200 : 503, { live, reasons });
      // Not while it starts, drains, is paused or without Redis. Degraded is ready, and says why: it reads, with less than configured.
      case '/readyz':
        return answer(ready ? 200 : 503, { ready, reasons });
      case '/metrics':
        return answer(200, metricsOf(runtime.snapshot()));
      case '/snapshot':
        return answer(200, runtime.snapshot());
      default:
        return answer(404, { error: 'not found' });
    }
  });
}

/** The few that a fleet is scaled by, under the names that telemetry gives them; docs/reference/telemetry.md has all. */
function metricsOf({ service, state, owned, waiting, capacity }: Snapshot): string {
  const labels = `messaging_system="redis",messaging_destination_name="${service}-input",messaging_consumer_group_name="${service}-group"`;
  return [
    ...gauge('streamwarden_streams_owned', labels, owned),
    ...gauge('streamwarden_streams_waiting', labels, waiting),
    ...gauge('streamwarden_streams_capacity', labels, capacity),
    ...gauge('streamwarden_consumers', `${labels},streamwarden_consumer_state="${state}"`, 1),
    '',
  ].join('\n');
}

function gauge(name: string, labels: string, value: number): string[] {
  return [`# TYPE ${name} gauge`, `${name}{${labels}} ${value}`];
}
