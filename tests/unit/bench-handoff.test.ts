import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCel, servedSince } from '../bench/handoff/cel.ts';
import { handoffGaps } from '../bench/handoff/gaps.ts';
import { overtakes, type Served } from '../bench/handoff/overtakes.ts';
import type { SipMessage } from '../bench/support/capture.ts';

/** What the hand-off benchmark makes of packets and of Asterisk's own account. */

const PORTS = { citizens: 100, experts: 200 };
const EXCHANGE = 1;
const SETTLE_MS = 0;

const sip = (at: number, fields: Partial<SipMessage>): SipMessage => ({
  ...{ at, fromPort: EXCHANGE, toPort: EXCHANGE, method: 'INVITE', status: null },
  ...{ callId: '', cseq: 1, user: '', from: '' },
  ...fields,
});
const citizenWaits = (at: number) =>
  sip(at, { toPort: PORTS.citizens, status: 200, callId: `citizen-${at}` });
const invited = (at: number, user: string, callId: string) =>
  sip(at, { toPort: PORTS.experts, user, callId });
const hungUp = (at: number, callId: string) => sip(at, { fromPort: PORTS.experts, method: 'BYE', callId });
const measure = (...messages: SipMessage[]) => handoffGaps(messages, PORTS, SETTLE_MS);

describe('hand-off gaps', () => {
  it("last from an expert's BYE to the next INVITE to that expert", () => {
    const found = measure(
      ...[
        citizenWaits(0),
        citizenWaits(1),
        invited(2, 'e001', 'a'),
        hungUp(10, 'a'),
        invited(17, 'e001', 'b'),
      ],
    );
    expect(found).toEqual({ gaps: [7], unanswered: 0, talks: 2 });
  });

  it('are counted once, however often BYE and INVITE are sent again', () => {
    const found = measure(
      ...[citizenWaits(0), citizenWaits(1), invited(2, 'e001', 'a')],
      ...[hungUp(10, 'a'), hungUp(12, 'a'), invited(17, 'e001', 'b'), invited(18, 'e001', 'b')],
    );
    expect(found).toEqual({ gaps: [7], unanswered: 0, talks: 2 });
  });

  it('are none where nobody waits, or no more than other experts stand idle', () => {
    const nobody = measure(
      citizenWaits(0),
      invited(2, 'e001', 'a'),
      hungUp(10, 'a'),
      invited(90, 'e001', 'b'),
    );
    expect(nobody.gaps).toEqual([]);
    const oneForTwo = measure(
      ...[citizenWaits(0), citizenWaits(1), invited(2, 'e001', 'a'), invited(3, 'e002', 'b')],
      ...[hungUp(10, 'a'), citizenWaits(11), hungUp(12, 'b'), invited(20, 'e001', 'c')],
    );
    expect(oneForTwo).toMatchObject({ gaps: [], unanswered: 0 });
  });

  it('are told where no INVITE follows', () => {
    const found = measure(citizenWaits(0), citizenWaits(1), invited(2, 'e001', 'a'), hungUp(10, 'a'));
    expect(found).toMatchObject({ gaps: [], unanswered: 1 });
  });

  it('wait until the menu has been spoken', () => {
    const messages = [citizenWaits(0), citizenWaits(8), invited(2, 'e001', 'a'), hungUp(10, 'a')];
    expect(handoffGaps(messages, PORTS, 0).unanswered).toBe(1);
    expect(handoffGaps(messages, PORTS, 5).unanswered).toBe(0);
  });
});

describe('overtakes', () => {
  const served = (...times: [number, number][]): Served[] =>
    times.map(([entered, taken]) => ({ entered, taken }));

  it('are those taken before somebody who had come earlier', () => {
    expect(overtakes(served([0, 100], [50, 160], [90, 200]), 20)).toBe(0);
    expect(overtakes(served([0, 200], [50, 100], [90, 150]), 20)).toBe(2);
  });

  it('are none within the tolerance of either time', () => {
    expect(overtakes(served([0, 120], [50, 100]), 20)).toBe(0);
    expect(overtakes(served([0, 121], [50, 100]), 20)).toBe(1);
    expect(overtakes(served([0, 500], [20, 100]), 20)).toBe(0);
    expect(overtakes(served([0, 500], [21, 100]), 20)).toBe(1);
  });

  it('agree with a look at every pair', () => {
    const times = fc.array(fc.tuple(fc.nat(500), fc.nat(500)), { maxLength: 30 });
    fc.assert(
      fc.property(times, fc.nat(40), (pairs, tolerance) => {
        const all = served(...pairs);
        const passed = all.filter((one) =>
          all.some((other) => other.entered < one.entered - tolerance && one.taken + tolerance < other.taken),
        );
        expect(overtakes(all, tolerance)).toBe(passed.length);
      }),
    );
  });
});

describe("Asterisk's account", () => {
  let file: string;
  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), 'clinic-cel-')), 'cel.csv');
  });
  afterEach(() => rmSync(join(file, '..'), { recursive: true }));

  const line = (...fields: string[]) => fields.map((field) => `"${field}"`).join(',');

  it('tells who was served when, each by the first leg made for that citizen', () => {
    writeFileSync(
      file,
      [
        line('ANSWER', '10.000', 'c-1', 'c-1', 'PJSIP/trunk-137-01'),
        line('ANSWER', '10.100', 'c-2', 'c-2', 'PJSIP/trunk-137-02'),
        line('CHAN_START', '10.500', 'x-1', 'c-1', 'PJSIP/e001-03'),
        line('CHAN_START', '11.000', 'x-2', 'c-1', 'PJSIP/e002-04'),
        line('ANSWER', '11.200', 'x-2', 'c-1', 'PJSIP/e002-04'),
        '',
      ].join('\n'),
    );
    expect(servedSince(readCel(file), 0)).toEqual([{ entered: 10_000, taken: 10_500 }]);
    expect(servedSince(readCel(file), 10_200)).toEqual([]);
    expect(servedSince(readCel(file), 0, new Map([['c-1', 10_250]]))).toEqual([
      { entered: 10_250, taken: 10_500 },
    ]);
  });
});
