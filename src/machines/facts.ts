/** An error as machines keep it: plain data, so that it can be shown, recorded and replayed. */
export interface ErrorFact {
  readonly code: string;
  readonly message: string;
}

export function factOf(error: unknown): ErrorFact {
  if (error instanceof Error) {
    return { code: 'code' in error ? String(error.code) : error.name, message: error.message };
  }
  return { code: 'Error', message: String(error) };
}
