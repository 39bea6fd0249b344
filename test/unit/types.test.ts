/** What the types promise. tsc looks at all of this; what runs is little. */
import { expect } from 'chai';
import type { InspectionEvent, Observer } from 'xstate';
import { z } from 'zod';
import {
  type CheckpointOf,
  type Closed,
  createProducer,
  createRuntime,
  defineService,
  type EntryFields,
  type InspectionObserver,
  isStreamwardenError,
  type Producer,
  type RawEntryFields,
  type Runtime,
  type InfoOf as ServiceInfoOf,
  type StreamHandler,
  StreamwardenError,
} from '../../src/index.js';
import { simulate } from '../../src/simulation/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Refused by tsc unless both are the same type. */
function same<A, B>(_is: Same<A, B>): void {}

const redis = 'redis://127.0.0.1:1';
const service = 'orders';
const infoSchema = z.object({ price: z.string().transform(Number) });
/** What `save()` of its streams takes. */
type CheckpointIn<R> = R extends Runtime<infer _, infer TCheckpoint> ? TCheckpoint : never;
type InfoOf<R> = R extends Runtime<infer TInfo> ? TInfo : never;
type Loose = Readonly<Record<string, unknown>>;

describe('the types', () => {
  it('say that info is null only where it can be', () => {
    const checked = createRuntime({ redis, service, infoSchema });
    same<InfoOf<typeof checked>, { price: number }>(true);
    checked.process((stream) => stream.info.price.toFixed(2));
    const nullable = createRuntime({ redis, service, infoSchema: infoSchema.nullable() });
    same<InfoOf<typeof nullable>, { price: number } | null>(true);
    const named = createRuntime<{ region: string } | null>({ redis, service });
    same<InfoOf<typeof named>, { region: string } | null>(true);
    const loose = createRuntime({ redis, service });
    same<InfoOf<typeof loose>, Loose | null>(true);
    const simulated = () => simulate().runtime({ service, infoSchema });
    same<InfoOf<ReturnType<typeof simulated>>, { price: number }>(true);
    for (const runtime of [checked, nullable, named, loose]) expect(runtime.state).to.equal('idle');
  });

  it('say what the fields of an entry are: texts, bytes, or what the schema makes of them', () => {
    const runtime = createRuntime({ redis, service });
    const schema = z.object({ price: z.coerce.number() });
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries()) same<typeof fields, EntryFields>(true);
      for await (const { fields } of stream.entries({ raw: true })) same<typeof fields, RawEntryFields>(true);
      for await (const { fields } of stream.entries({
        schema,
        until: ({ fields: { price } }) => price > 1,
      })) {
        same<typeof fields, { price: number }>(true);
      }
      for await (const { entries } of stream.batches({ schema })) {
        same<(typeof entries)[number]['fields'], { price: number }>(true);
      }
      // @ts-expect-error there is no such end
      stream.entries({ until: 7 });
    });
    expect(runtime.state).to.equal('idle');
  });

  it('say what a checkpoint is: a text, or what the schema makes of it', () => {
    const loose = createRuntime({ redis, service });
    same<CheckpointIn<typeof loose>, string>(true);
    const checkpointSchema = z.object({ upTo: z.coerce.date() });
    const typed = createRuntime({ redis, service, infoSchema, checkpointSchema });
    same<CheckpointIn<typeof typed>, { upTo: Date }>(true);
    same<InfoOf<typeof typed>, { price: number }>(true);
    typed.process(async (stream) => {
      same<typeof stream.checkpoint, { upTo: Date } | undefined>(true);
      await stream.save({ upTo: new Date(0) });
      // @ts-expect-error it is no text
      await stream.save('7');
    });
    const orders = defineService({ name: service, checkpointSchema });
    same<CheckpointOf<typeof orders>, { upTo: Date }>(true);
    same<ServiceInfoOf<typeof orders>, Loose | null>(true);
    const both = defineService({ name: service, infoSchema, checkpointSchema });
    same<CheckpointOf<typeof both>, { upTo: Date }>(true);
    same<ServiceInfoOf<typeof both>, { price: number }>(true);
    const handler: StreamHandler<ServiceInfoOf<typeof both>, CheckpointOf<typeof both>> = ({ checkpoint }) =>
      checkpoint?.upTo.getTime();
    const defined = createRuntime({ redis, service: both });
    defined.process(handler);
    same<CheckpointIn<typeof defined>, { upTo: Date }>(true);
    const plain = defineService({ name: service });
    same<CheckpointOf<typeof plain>, string>(true);
    const simulated = () => simulate().runtime({ service: both });
    same<CheckpointIn<ReturnType<typeof simulated>>, { upTo: Date }>(true);
    for (const runtime of [loose, typed, defined]) expect(runtime.state).to.equal('idle');
  });

  it('have add() and its like take an interface', () => {
    interface Order {
      readonly region: string;
    }
    const order: Order = { region: 'eu' };
    const announce = (producer: Producer) => [
      producer.add('order-1', order),
      producer.addMany([{ name: 'order-1', info: order }]),
      producer.ensure('order-1', order),
      producer.ensureMany([{ name: 'order-1', info: order }]),
    ];
    // @ts-expect-error a text is no info
    const wrong = (producer: Producer) => producer.add('order-1', 'eu');
    expect(announce).to.be.a('function');
    expect(wrong).to.be.a('function');
    expect(createProducer({ redis, service })).to.have.property('add');
  });

  it('have handlers return anything', () => {
    const handlers: StreamHandler[] = [() => 7, async () => ({ rows: 3 }), () => undefined, async () => {}];
    const runtime = createRuntime({ redis, service });
    runtime.process(async (stream) => stream.name.length);
    expect(handlers).to.have.length(4);
  });

  it('say which error ends a runtime, and what an error of a code carries', () => {
    same<Closed['error'], StreamwardenError | null>(true);
    const thrown: unknown = new StreamwardenError('StreamTouched', 'm', { details: { touches: 3 } });
    if (!isStreamwardenError(thrown, 'StreamTouched')) throw new Error('expected an error of that code');
    same<typeof thrown.code, 'StreamTouched'>(true);
    const touches: number | undefined = thrown.details.touches;
    expect(touches).to.equal(3);
    const either: unknown = new StreamwardenError('OwnerAlive', 'm');
    if (!isStreamwardenError(either)) throw new Error('expected an error of ours');
    expect(either.details.anything).to.equal(undefined);
    expect(isStreamwardenError(either, 'StreamTouched')).to.equal(false);
  });

  it("take XState's own observers for inspect", () => {
    const heard: string[] = [];
    const observer: Observer<InspectionEvent> = { next: ({ type }) => heard.push(type) };
    const listener = (event: InspectionEvent) => void heard.push(event.rootId);
    const taken: InspectionObserver[] = [observer, listener, () => undefined];
    for (const inspect of taken) expect(createRuntime({ redis, service, inspect }).state).to.equal('idle');
  });
});
