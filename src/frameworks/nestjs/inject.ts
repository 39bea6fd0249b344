import { Inject } from '@nestjs/common';
import { adminToken, healthToken, producerToken, runtimeToken } from './tokens.js';

/** Of a parameter of a constructor, or of a property. */
export type Injection = PropertyDecorator & ParameterDecorator;

/** Injects the `Runtime` of a module. @param name of the module; the one without a name */
export const InjectRuntime = (name?: string): Injection => Inject(runtimeToken(name));
/** Injects a `Producer` of a module's service; it connects with its first call. @param name as of `InjectRuntime` */
export const InjectProducer = (name?: string): Injection => Inject(producerToken(name));
/** Injects an `Admin` of a module's service; it connects with its first call. @param name as of `InjectRuntime` */
export const InjectAdmin = (name?: string): Injection => Inject(adminToken(name));
/** Injects the `StreamwardenHealth` of a module. @param name as of `InjectRuntime` */
export const InjectHealth = (name?: string): Injection => Inject(healthToken(name));
