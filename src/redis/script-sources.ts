/**
 * The text of every Lua script, by its name. Run from its source this module reads the files; the build writes it anew, with the text in it
 * (scripts/generated.mjs): what is published reads no file.
 */
import { readScripts } from './script-files.js';

export const SCRIPT_SOURCES: Readonly<Record<string, string>> = readScripts(
  new URL('./scripts/', import.meta.url),
);
