/** The service's own requests: announce an order, ask how far it is. */
import { createServer, type Server } from 'node:http';
import type { Redis } from 'ioredis';
import type { Producer } from 'streamwarden';

const PATH = /^\/orders\/([\w-]+)$/;

export const stateKey = (order: string) => `order:${order}:state`;

export function createApi(producer: Producer, redis: Redis): Server {
  return createServer((request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const order = PATH.exec(request.url ?? '')?.[1];
    if (order === undefined) return answer(404, { error: 'expected /orders/NAME' });
    handle(order, request.method)
      .then(([status, body]) => answer(status, body))
      .catch((error: Error) => answer(503, { error: error.message }));
  });

  async function handle(order: string, method: string | undefined): Promise<[status: number, body: object]> {
    switch (method) {
      case 'POST': {
        await redis.set(stateKey(order), 'announced');
        return [202, { order, entry: await producer.add(order) }];
      }
      case 'GET':
        return [200, { order, state: await redis.get(stateKey(order)) }];
      default:
        return [405, { error: 'expected GET or POST' }];
    }
  }
}
