/** A process of a fleet that runs one version: its own source, or today's source with its scripts. */
import type { RuntimeOptions } from '../../src/index.js';
import { forkProgram } from './programs.js';
import { RuntimeProcess } from './runtime-process.js';
import type { ScriptSet } from './script-set.js';

export interface FleetVersion {
  readonly label: string;
  /** What its runtimes send to Redis; undefined: what lies in its source. */
  readonly scripts?: ScriptSet;
  /** Its built library, a module; undefined: today's. */
  readonly library?: URL;
}

/** What the child is told in its environment. */
export interface MemberSettings {
  readonly options: RuntimeOptions;
  /** How long the application works on a stream, in milliseconds; undefined: until it is told to finish. */
  readonly workMs?: number | undefined;
  readonly scripts?: string | undefined;
  readonly library?: string | undefined;
}

export class FleetMember extends RuntimeProcess {
  /** Resolves when its runtime reads. */
  static async start(
    { scripts, library }: FleetVersion,
    options: RuntimeOptions,
    workMs?: number,
  ): Promise<FleetMember> {
    const settings: MemberSettings = {
      options,
      workMs,
      scripts: scripts?.folder.href,
      library: library?.href,
    };
    const member = new FleetMember(
      await forkProgram('test/support/fleet-member-main', { MEMBER: JSON.stringify(settings) }),
    );
    await member.ready();
    await member.ask('start');
    return member;
  }

  /** Streams that wait are finished, and from now on all are at once. */
  async work(): Promise<void> {
    await this.ask('work');
  }

  /** Poison is none any more. */
  async heal(): Promise<void> {
    await this.ask('heal');
  }

  async pause(): Promise<void> {
    await this.ask('pause');
  }

  /** Names of what it has been given, in order. */
  get given(): string[] {
    return this.told('StreamAdded').map(({ stream }) => stream);
  }
}

/** Members that are killed after the test, however it ends. */
export function useFleetMembers(
  makeOptions: () => RuntimeOptions,
): (version: FleetVersion, workMs?: number) => Promise<FleetMember> {
  const started: FleetMember[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((member) => member.kill()));
  });
  return async (version, workMs) => {
    const member = await FleetMember.start(version, makeOptions(), workMs);
    started.push(member);
    return member;
  };
}
