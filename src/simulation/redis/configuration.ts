/** CONFIG: what the library asks for, with the values of a server that nobody has configured. */
import { parseEventSetting, showEventSetting } from './keyspace-events.js';
import { Unsupported } from './unsupported.js';

const DEFAULTS: Readonly<Record<string, string>> = {
  appendfsync: 'everysec',
  appendonly: 'no',
  'busy-reply-threshold': '5000',
  'client-output-buffer-limit': 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  databases: '16',
  hz: '10',
  'lua-time-limit': '5000',
  maxclients: '10000',
  maxmemory: '0',
  'maxmemory-policy': 'noeviction',
  'min-replicas-max-lag': '10',
  'min-replicas-to-write': '0',
  'notify-keyspace-events': '',
  'proto-max-bulk-len': '536870912',
  save: '3600 1 300 100 60 10000',
  'stream-node-max-bytes': '4096',
  'stream-node-max-entries': '100',
  'tcp-keepalive': '300',
  timeout: '0',
};

export class Configuration {
  readonly #values: Map<string, string>;
  /** Flags of `notify-keyspace-events`. */
  events: string;

  constructor(values = new Map(Object.entries(DEFAULTS)), events = '') {
    this.#values = values;
    this.events = events;
  }

  copy(): Configuration {
    return new Configuration(new Map(this.#values), this.events);
  }

  get names(): string[] {
    return [...this.#values.keys()];
  }

  get(name: string): string | undefined {
    return name === 'notify-keyspace-events' ? showEventSetting(this.events) : this.#values.get(name);
  }

  /**
   * False: it is no value for this setting.
   * @throws Unsupported
   */
  set(name: string, value: string): boolean {
    if (name === 'notify-keyspace-events') {
      const events = parseEventSetting(value);
      if (events === undefined) return false;
      if (events.includes('m')) throw new Unsupported('events of missed keys');
      this.events = events;
    } else this.#values.set(name, value);
    return true;
  }
}
