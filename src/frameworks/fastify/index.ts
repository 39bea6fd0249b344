/** `streamwarden/fastify`: a plugin that starts and stops a runtime with the application. */
export type { ServiceParts } from '../service-parts.js';
export { streamwarden } from './plugin.js';
export type { PluginOptions, ProbePaths } from './plugin-types.js';
