/** Who told whom what, as a Mermaid sequence diagram. */
import { wordsOfEvent } from './event-words.js';
import { type ActorLine, isActorLine, type Line } from './format.js';
import { wordsOfState } from './state-path.js';

/** Further messages make a drawing that nobody can read, nor Mermaid draw. */
const MOST_MESSAGES = 500;

const APPLICATION = 'application';
/** Where a message comes from that no other recorded event led to: Redis, a timer, a caller. */
const OUTSIDE = 'outside';

interface Message {
  readonly from: string;
  readonly to: string;
  readonly words: string;
  readonly state: string | null;
}

/** What Mermaid reads as its own is taken out of a text. */
function plain(text: string): string {
  return text
    .replace(/[;#:<>{}\n]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

export class Diagram {
  readonly #only: string | undefined;
  readonly #names = new Map<string, string>();
  readonly #messages: Message[] = [];
  /** seq → who was told something by that line. */
  readonly #told = new Map<number, string>();
  #left = 0;

  /** @param actor draws only what reaches or leaves this one */
  constructor(actor?: string) {
    this.#only = actor;
  }

  feed(line: Line): void {
    if (isActorLine(line)) this.#actor(line);
    else if (line.kind === 'notification') {
      this.#add(this.#source(line.by), APPLICATION, line.notification.type, null);
    }
  }

  text(): string {
    const lines = ['sequenceDiagram'];
    const rest = this.#left > 0 ? this.#name(OUTSIDE) : undefined;
    for (const [path, name] of this.#names) lines.push(`  participant ${name} as ${plain(path)}`);
    for (const { from, to, words, state } of this.#messages) {
      lines.push(`  ${from}->>${to}: ${plain(words)}`);
      if (state !== null) lines.push(`  Note over ${to}: ${plain(state)}`);
    }
    if (rest !== undefined) lines.push(`  Note over ${rest}: ${this.#left} more messages are not drawn`);
    return lines.join('\n');
  }

  #actor(line: ActorLine): void {
    if (line.kind === 'join') return;
    this.#remember(line.seq, line.actor);
    const from =
      line.kind === 'event' && line.event.type.startsWith('xstate.after.')
        ? line.actor
        : this.#source(line.by);
    const words = line.kind === 'spawn' ? 'starts' : wordsOfEvent(line.event.type);
    this.#add(from, line.actor, words, wordsOfState(line.state));
  }

  #remember(seq: number, actor: string): void {
    this.#told.set(seq, actor);
    // What led to something is a few lines above it.
    if (this.#told.size > 10_000) this.#told.delete(this.#told.keys().next().value as number);
  }

  #source(by: number | undefined): string {
    return (by === undefined ? undefined : this.#told.get(by)) ?? OUTSIDE;
  }

  #add(from: string, to: string, words: string, state: string | null): void {
    if (this.#only !== undefined && from !== this.#only && to !== this.#only) return;
    if (this.#messages.length >= MOST_MESSAGES) {
      this.#left += 1;
      return;
    }
    this.#messages.push({ from: this.#name(from), to: this.#name(to), words, state });
  }

  #name(path: string): string {
    const known = this.#names.get(path);
    if (known !== undefined) return known;
    const name = `a${this.#names.size}`;
    this.#names.set(path, name);
    return name;
  }
}
