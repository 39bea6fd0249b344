import * as api from '@opentelemetry/api';
import { expect } from 'chai';
import fc from 'fast-check';
import { fromFields, toFields } from '../../src/telemetry/trace-context.js';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

describe('the trace context of an entry', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), fc.boolean(), (traceId, spanId, sampled, hasState) => {
        const context: api.SpanContext = {
          traceId,
          spanId,
          traceFlags: sampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE,
          ...(hasState && { traceState: api.createTraceState('a=1,b=2') }),
        };
        const fields = toFields(api, context);
        if (!api.isSpanContextValid(context)) {
          expect(fields).to.equal(undefined);
          return;
        }
        const read = fields && fromFields(api, fields);
        expect(read).to.deep.include({ traceId, spanId, traceFlags: context.traceFlags, isRemote: true });
        expect(read?.traceState?.serialize()).to.equal(hasState ? 'a=1,b=2' : undefined);
      }),
    );
  });

  it('that is none is no reason to throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (traceparent, tracestate) => {
        const read = fromFields(api, { traceparent, tracestate });
        if (read !== undefined) expect(api.isSpanContextValid(read)).to.equal(true);
      }),
    );
  });

  it('of a later version is read as far as this one knows it', () => {
    const traceparent = `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01-what-comes-then`;
    expect(fromFields(api, { traceparent, tracestate: undefined })).to.include({ traceId: 'a'.repeat(32) });
  });

  it('has no state that is longer than everyone passes on', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
    const tracestate = `a=${'x'.repeat(600)}`;
    expect(fromFields(api, { traceparent, tracestate })?.traceState).to.equal(undefined);
  });
});
