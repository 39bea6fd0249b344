/** Redis's patterns: `*`, `?`, `[a-z]`, `[^a]`, `\` for a character that means itself. */

const cache = new Map<string, RegExp>();

function literal(c: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(c) ? `\\${c}` : c;
}

function translated(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const c = pattern[at] as string;
    if (c === '*') source += '[^]*';
    else if (c === '?') source += '[^]';
    else if (c === '\\' && at + 1 < pattern.length) {
      at += 1;
      source += literal(pattern[at] as string);
    } else if (c === '[') {
      let inside = '';
      at += 1;
      const isNot = pattern[at] === '^';
      if (isNot) at += 1;
      for (; at < pattern.length && pattern[at] !== ']'; at += 1) {
        if (pattern[at] === '\\' && at + 1 < pattern.length) {
          at += 1;
          inside += literal(pattern[at] as string);
        } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
          const [low = '', high = ''] = [pattern[at], pattern[at + 2]].sort();
          inside += `${literal(low)}-${literal(high)}`;
          at += 2;
        } else inside += literal(pattern[at] as string);
      }
      if (inside === '') source += isNot ? '[^]' : '(?!)';
      else source += `[${isNot ? '^' : ''}${inside}]`;
    } else source += literal(c);
  }
  return new RegExp(`^${source}$`, 's');
}

export function matchesGlob(pattern: string, text: string): boolean {
  let expression = cache.get(pattern);
  if (expression === undefined) {
    expression = translated(pattern);
    if (cache.size > 1000) cache.clear();
    cache.set(pattern, expression);
  }
  return expression.test(text);
}
