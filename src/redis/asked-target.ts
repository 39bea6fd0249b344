/**
 * Where Redis is, where the application is asked for that at every connection: its credentials change, or it moves. What it answers is used for
 * that one connection. It has to stay the same kind of place: names of keys, and what is a cluster, are known before the first answer.
 */
import type { Redis, RedisOptions } from 'ioredis';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import {
  type ClusterDeployment,
  type Deployment,
  deploymentOf,
  type RedisTarget,
  type SingleDeployment,
} from './target.js';
import { problemOfTarget } from './target-rules.js';

/** Where Redis is, or a function that says so, at once or later. */
export type RedisSource = RedisTarget | (() => RedisTarget | Promise<RedisTarget>);

export interface AskedSingle {
  /** As the last answer has it. */
  readonly kind: 'single' | 'sentinel';
  makeClient(settings: RedisOptions): Promise<Redis>;
}

export interface AskedCluster {
  readonly kind: 'cluster';
  /** As the last answer has it. */
  translate(address: string): string;
  /** Addresses of nodes to begin with, asked for now. */
  askSeeds(): Promise<readonly string[]>;
  makeClient(address: string, settings: RedisOptions): Promise<Redis>;
}

function unfit(problem: string): StreamwardenError {
  return new StreamwardenError('InvalidOption', `expected redis() to give where Redis is, got: ${problem}`, {
    details: { option: 'redis' },
  });
}

class Asked {
  readonly #ask: () => unknown;
  #latest: Deployment | undefined;

  constructor(ask: () => unknown) {
    this.#ask = ask;
  }

  get latest(): Deployment | undefined {
    return this.#latest;
  }

  /** @throws StreamwardenError `InvalidOption`, when the answer is none; an Error, when the application has none */
  async next(isCluster: boolean): Promise<Deployment> {
    let answer: unknown;
    try {
      answer = await this.#ask();
    } catch (error) {
      // A secret that cannot be read just now may be there at the next attempt.
      throw new Error(`redis() failed: ${redact(messageOf(error))}`);
    }
    const problem = typeof answer === 'function' ? 'a function' : problemOfTarget(answer);
    if (problem !== undefined) throw unfit(problem);
    let deployment: Deployment;
    try {
      deployment = deploymentOf(answer as RedisTarget);
    } catch (error) {
      throw isStreamwardenError(error) ? error : unfit(redact(messageOf(error)));
    }
    this.#check(deployment, isCluster);
    this.#latest = deployment;
    return deployment;
  }

  #check({ kind, options }: Deployment, isCluster: boolean): void {
    if (isCluster !== (kind === 'cluster')) {
      throw unfit(
        isCluster
          ? "one server, where clusterMode is 'oss'"
          : "a cluster; set clusterMode to 'oss', since it has to be known before the first answer",
      );
    }
    if (options.keyPrefix) throw unfit('a keyPrefix, which has to be known before the first answer');
    const before = this.#latest?.options.db ?? 0;
    const database = options.db ?? 0;
    if (this.#latest !== undefined && database !== before)
      throw unfit(`database ${database}, where it was ${before}`);
  }
}

export function askedSingle(ask: () => unknown): AskedSingle {
  const asked = new Asked(ask);
  let attempts = 0;
  return {
    get kind() {
      return asked.latest?.kind === 'sentinel' ? 'sentinel' : 'single';
    },
    async makeClient(settings) {
      const deployment = (await asked.next(false)) as SingleDeployment;
      return deployment.makeClient(settings, attempts++);
    },
  };
}

export function askedCluster(ask: () => unknown): AskedCluster {
  const asked = new Asked(ask);
  const next = async () => (await asked.next(true)) as ClusterDeployment;
  return {
    kind: 'cluster',
    translate: (address) => (asked.latest as ClusterDeployment | undefined)?.translate(address) ?? address,
    askSeeds: async () => (await next()).seeds,
    makeClient: async (address, settings) => (await next()).makeClient(address, settings),
  };
}
