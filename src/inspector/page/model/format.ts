/** Numbers, times and bytes for people. */

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export function number(value: number): string {
  return numbers.format(value);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Local time of day, `14:03:22.123`. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`;
}

/** Local date and time of day, `2026-11-23 14:03:22`. */
export function dateTime(at: number): string {
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clockTime(at).slice(0, 8)}`;
}

/** `850 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1_000) return `${Math.round(ms)} ms`;
  if (size < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (size < 60_000) return `${Math.round(ms / 1_000)} s`;
  const pair = (large: number, small: number, names: readonly [string, string]) => {
    const whole = Math.trunc(ms / large);
    const rest = Math.trunc(Math.abs(ms % large) / small);
    return rest === 0 ? `${whole} ${names[0]}` : `${whole} ${names[0]} ${rest} ${names[1]}`;
  };
  if (size < 3_600_000) return pair(60_000, 1_000, ['min', 's']);
  if (size < 86_400_000) return pair(3_600_000, 60_000, ['h', 'min']);
  return pair(86_400_000, 3_600_000, ['d', 'h']);
}

/** `12 entries, 3.2 s`; of how far something is behind. */
export function lagWords({ entries, ms }: { readonly entries: number; readonly ms: number | null }): string {
  const count = `${number(entries)} ${entries === 1 ? 'entry' : 'entries'}`;
  return entries === 0 || ms === null ? count : `${count}, ${duration(ms)}`;
}

/** A number of a context as it is read: no more decimals than anybody wants to know. */
export function exact(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toFixed(3)));
}

/** How long ago, by the server's clock. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  return ms < 1_000 ? 'just now' : `${duration(ms)} ago`;
}

export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let size = value;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** `acquired by others` of `acquiredByOthers`. */
export function spaced(name: string): string {
  return name.replace(/([A-Z])/g, ' $1').toLowerCase();
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}
