/** A process of a fleet that runs one version: its own source, or today's source with its scripts. */
import type { ChildProcess } from 'node:child_process';
import type { RuntimeOptions, StopOptions, StopReport } from '../../src/index.js';
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

/** What a process runs. */
export interface MemberCode {
  readonly scripts?: string | undefined;
  readonly library?: string | undefined;
}

/** What one runtime in it does. */
export interface MemberWork {
  readonly options: RuntimeOptions;
  /** How long the application works on a stream, in milliseconds; undefined: until it is told to finish. */
  readonly workMs?: number | undefined;
}

export class FleetMember extends RuntimeProcess {
  readonly code: string;
  /** It runs nothing: a runtime may be started in it. */
  isFree = true;

  private constructor(child: ChildProcess, code: string) {
    super(child);
    this.code = code;
  }

  static codeOf({ scripts, library }: FleetVersion): string {
    return JSON.stringify({ scripts: scripts?.folder.href, library: library?.href } satisfies MemberCode);
  }

  static async spawn(code: string): Promise<FleetMember> {
    const member = new FleetMember(
      await forkProgram('test/support/fleet-member-main', { MEMBER: code }),
      code,
    );
    await member.ready();
    return member;
  }

  /** Makes and starts the next runtime; what was told by the one before is forgotten. Resolves when it reads. */
  async start(work: MemberWork): Promise<void> {
    this.news = [];
    this.isFree = false;
    this.consumer = (await this.ask('start', work)) as string;
  }

  override async stop(options: StopOptions = {}): Promise<StopReport> {
    const report = await super.stop(options);
    this.isFree = true;
    return report;
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

/** A library of its own refuses options that came after it. */
function optionsFor({ library }: FleetVersion, options: RuntimeOptions): RuntimeOptions {
  const { balance: _, ...known } = options;
  return library === undefined ? options : known;
}

export interface FleetMembers {
  /** Starts one; resolves when it reads. */
  (version: FleetVersion, workMs?: number): Promise<FleetMember>;
  /** Starts the processes of so many, so that nobody waits for them later. */
  prepare(version: FleetVersion, count: number): Promise<void>;
}

/** Members that stop after the test, however it ends. Their processes are used again: a new one costs more than most tests. */
export function useFleetMembers(makeOptions: () => RuntimeOptions): FleetMembers {
  let members: FleetMember[] = [];

  afterEach(async function () {
    const isWell = this.currentTest?.state === 'passed';
    await Promise.all(
      members
        .filter((member) => !(isWell && member.isFree))
        .map((member) => (isWell && member.running ? member.stop({ mode: 'abandon' }) : member.kill())),
    );
    members = members.filter((member) => member.running);
  });
  after(async () => {
    await Promise.all(members.map((member) => member.kill()));
  });

  async function spawn(code: string): Promise<FleetMember> {
    const member = await FleetMember.spawn(code);
    members.push(member);
    return member;
  }

  const start = async (version: FleetVersion, workMs?: number) => {
    const code = FleetMember.codeOf(version);
    const member =
      members.find((one) => one.code === code && one.running && one.isFree) ?? (await spawn(code));
    await member.start({ options: optionsFor(version, makeOptions()), workMs });
    return member;
  };
  const prepare = async (version: FleetVersion, count: number) => {
    await Promise.all(Array.from({ length: count }, () => spawn(FleetMember.codeOf(version))));
  };
  return Object.assign(start, { prepare });
}
