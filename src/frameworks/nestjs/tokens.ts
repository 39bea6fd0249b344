/** What the module provides is injected by these. They are the same ones for the package as ES modules and as CommonJS. */

/** Of a module that has been given no name. */
export const DEFAULT_NAME = 'default';

const token = (what: string, name: string) => Symbol.for(`streamwarden.${what}.${name}`);

/** Of the `Runtime`. @param name of the module */
export const runtimeToken = (name: string = DEFAULT_NAME): symbol => token('runtime', name);
/** Of a `Producer` of its service. @param name of the module */
export const producerToken = (name: string = DEFAULT_NAME): symbol => token('producer', name);
/** Of an `Admin` of its service. @param name of the module */
export const adminToken = (name: string = DEFAULT_NAME): symbol => token('admin', name);
/** Of its `StreamwardenHealth`. @param name of the module */
export const healthToken = (name: string = DEFAULT_NAME): symbol => token('health', name);

export const optionsToken = (name: string): symbol => token('options', name);
export const partsToken = (name: string): symbol => token('parts', name);
export const lifecycleToken = (name: string): symbol => token('lifecycle', name);
