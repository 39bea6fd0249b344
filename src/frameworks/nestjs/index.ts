/** `streamwarden/nestjs`: a module that starts and stops a runtime with the application, and decorators for what uses it. */
export { StreamwardenHealth, type StreamwardenHealthResult } from './health.js';
export { InjectAdmin, InjectHealth, InjectProducer, InjectRuntime } from './inject.js';
export { type AsyncModuleOptions, type ModuleOptions, StreamwardenModule } from './module.js';
export { StreamHandler, type StreamHandlerOptions } from './stream-handler.js';
export { adminToken, healthToken, producerToken, runtimeToken } from './tokens.js';
