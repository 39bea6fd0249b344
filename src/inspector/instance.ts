/** What tells this process from every other one, also from one that has its pid and its address after it. */
import { randomUUID } from 'node:crypto';
import { onePerProcess } from '../core/one-per-process.js';

export const INSTANCE: string = onePerProcess('instance', () => ({ id: randomUUID() })).id;
