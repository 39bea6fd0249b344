/** Lua scripts as they lie in a folder: the source of what is sent, and of what the build writes down. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Every script of a folder by its name, with its parts in their places.
 *
 * @param folder where `<name>.lua` lies and, in `lib/`, the parts that scripts include; ends in a slash
 */
export function readScripts(folder: URL): Record<string, string> {
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
  const include = (_line: string, part: string) => read(`lib/${part}.lua`);
  return Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.lua'))
      .sort()
      .map((file) => [file.slice(0, -'.lua'.length), read(file).replace(/^--@include (\S+)$/gm, include)]),
  );
}
