/** The library as it is shipped, which is what is measured: what tsx makes of the sources costs a fifth more CPU, and twice the memory a stream. */
type Library = typeof import('../src/index.js');
type InspectorModule = typeof import('../src/inspector/index.js');
type SelectionModule = typeof import('../src/redis/dead-letter-selection.js');
type ServiceAccessModule = typeof import('../src/admin/service-access.js');
type SettingsModule = typeof import('../src/runtime/service-settings.js');
type ClockModule = typeof import('../src/core/clock.js');
type RuntimeModule = typeof import('../src/runtime/runtime.js');
type NamesModule = typeof import('../src/redis/names.js');

const load = async (file: string): Promise<unknown> =>
  import(new URL(`../dist/${file}`, import.meta.url).href);
/** Parts that nobody can import: the same, a module for each source. */
const loadPart = async (file: string): Promise<unknown> =>
  import(new URL(`../.cache/modules/${file}`, import.meta.url).href);

export const { createProducer, createRuntime } = (await load('index.js')) as Library;
export const { createInspector } = (await load('inspector/index.js')) as InspectorModule;
export const { createNames } = (await loadPart('redis/names.js')) as NamesModule;
export const { selectLetters } = (await loadPart('redis/dead-letter-selection.js')) as SelectionModule;
export const { accessService } = (await loadPart('admin/service-access.js')) as ServiceAccessModule;
export const { serviceSettings } = (await loadPart('runtime/service-settings.js')) as SettingsModule;
export const { systemClock } = (await loadPart('core/clock.js')) as ClockModule;
export const { composeRuntime } = (await loadPart('runtime/runtime.js')) as RuntimeModule;
