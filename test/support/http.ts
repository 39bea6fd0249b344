/** Requests of tests, each over a connection of its own, so that none is left open. */

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** The JSON it is; empty when it is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export const get = (url: string) => ask(url, 'GET');
export const post = (url: string) => ask(url, 'POST');

async function ask(url: string, method: string): Promise<HttpAnswer> {
  const response = await fetch(url, { method, headers: { connection: 'close' } });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? text.startsWith('{');
  return { status: response.status, text, body: isJson ? JSON.parse(text) : {} };
}
