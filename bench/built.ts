/** The library as it is shipped, which is what is measured: what tsx makes of the sources costs a fifth more CPU, and twice the memory a stream. */
type Library = typeof import('../src/index.js');
type NamesModule = typeof import('../src/redis/names.js');
type ScriptsModule = typeof import('../src/redis/scripts.js');

const load = async (file: string): Promise<unknown> =>
  import(new URL(`../dist/${file}`, import.meta.url).href);

export const { createProducer, createRuntime } = (await load('index.js')) as Library;
export const { createNames } = (await load('redis/names.js')) as NamesModule;
export const { SCRIPTS } = (await load('redis/scripts.js')) as ScriptsModule;
