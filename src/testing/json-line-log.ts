/** What a program has printed so far, of which every line that is a JSON object can be waited for. */

export interface JsonLine {
  readonly at: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ProcessExit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WaitForOptions {
  /** @defaultValue what the log was made with */
  readonly timeoutMs?: number;
  /** What is waited for; the failure says it. */
  readonly name: string;
}

export class JsonLineLog {
  /** Every line so far that is a JSON object. */
  readonly lines: JsonLine[] = [];
  readonly #waitMs: number;
  readonly #listeners = new Set<() => void>();
  #exited: ProcessExit | undefined;
  #stdout = '';
  #stderr = '';
  #unfinished = '';

  /** @param waitMs how long a line is waited for where nothing else is said, in milliseconds */
  constructor(waitMs = 60_000) {
    this.#waitMs = waitMs;
  }

  /** Undefined while the program runs. */
  get exited(): ProcessExit | undefined {
    return this.#exited;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  hear(chunk: string): void {
    this.#stdout += chunk;
    const parts = (this.#unfinished + chunk).split('\n');
    this.#unfinished = parts.pop() ?? '';
    for (const part of parts) {
      const line = parseLine(part);
      if (line !== undefined) this.lines.push(line);
    }
    this.#tell();
  }

  hearError(chunk: string): void {
    this.#stderr += chunk;
  }

  /** Nothing more comes. */
  end(exit: ProcessExit): void {
    this.#exited = exit;
    this.#tell();
  }

  /** Called with every line from now on. */
  onLine(listener: (line: JsonLine) => void): void {
    let seen = this.lines.length;
    this.#listeners.add(() => {
      while (seen < this.lines.length) {
        const line = this.lines[seen] as JsonLine;
        seen += 1;
        listener(line);
      }
    });
  }

  /** The first line that fits, whether it has been printed already or is still to come. */
  waitFor(predicate: (line: JsonLine) => boolean, options: WaitForOptions): Promise<JsonLine> {
    const { name, timeoutMs = this.#waitMs } = options;
    return new Promise((resolve, reject) => {
      let seen = 0;
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        act();
      };
      const fail = (got: string) =>
        settle(() =>
          reject(new Error(`${name}: expected a line within ${timeoutMs} ms, got: ${got}\n${this.#tail()}`)),
        );
      const look = () => {
        for (; seen < this.lines.length; seen += 1) {
          const line = this.lines[seen] as JsonLine;
          if (predicate(line)) {
            settle(() => resolve(line));
            return;
          }
        }
        if (this.#exited) fail(`the process's end (${this.#exited.signal ?? this.#exited.code})`);
      };
      const timer = setTimeout(() => fail('none that fits'), timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #tail(): string {
    return `the last it printed:\n${this.#stdout.slice(-2_000)}\n${this.#stderr.slice(-2_000)}`;
  }
}

function parseLine(text: string): JsonLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as JsonLine) : undefined;
  } catch {
    // Text for people; `stdout` has it.
    return undefined;
  }
}
