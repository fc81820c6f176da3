import { describe, expect, it } from 'vitest';
import type { ChannelSnapshot } from '../../src/asterisk/telephony.ts';
import { arrivalOf, byOurClock } from '../../src/calls/arrival.ts';
import { callIdOf } from '../../src/calls/identity.ts';
import { NOW } from '../support/call-fixtures.ts';

const channel = (variables: Record<string, string>): ChannelSnapshot => ({
  id: 'clinic-1700000000.5',
  name: 'PJSIP/trunk-137-00000001',
  state: 'Up',
  callerNumber: '',
  connectedNumber: '',
  createdAt: NOW - 3000,
  application: 'Stasis',
  applicationData: 'clinic,citizen,menu',
  context: 'clinic',
  variables,
});
const context = { asteriskId: 'clinic', areaCode: '21' };
const seconds = (ms: number) => String(Math.floor(ms / 1000));
const known = { CLINIC_CALLER: '09121234567', CLINIC_WITHHELD: '0', CLINIC_SIP_CALLID: 'a@b' };

describe('arrivalOf', () => {
  it('reads who came, how and when', () => {
    const arrival = arrivalOf(channel(known), ['citizen', 'direct', seconds(NOW)], NOW, context);
    expect(arrival).toMatchObject({ enteredAt: NOW, caller: '+989121234567', firstSeq: 1 });
    expect(arrival.id).toBe(callIdOf('clinic', 'clinic-1700000000.5'));
    expect(arrival.facts).toMatchObject({
      entry: 'direct',
      sipCallId: 'a@b',
      callerReceived: '09121234567',
      enteredAt: new Date(NOW).toISOString(),
    });
  });

  it('keeps a withheld number to nobody', () => {
    const arrival = arrivalOf(
      channel({ ...known, CLINIC_CALLER: '', CLINIC_WITHHELD: '1' }),
      ['citizen', 'menu'],
      NOW,
      context,
    );
    expect(arrival.facts).toMatchObject({ entry: 'menu', caller: null, callerReason: 'withheld' });
  });

  it('gives a citizen kept by the dialplan the time of coming, not of coming back', () => {
    const arrival = arrivalOf(channel(known), ['citizen', 'menu', seconds(NOW - 40_000)], NOW, context);
    expect(NOW - arrival.enteredAt).toBeGreaterThanOrEqual(40_000);
  });

  it('takes the event time when the dialplan gave none', () => {
    expect(arrivalOf(channel(known), ['citizen', 'menu', 'x'], NOW, context).enteredAt).toBe(NOW);
    expect(arrivalOf(channel(known), ['citizen', 'menu'], NOW, context).enteredAt).toBe(NOW);
  });

  it('numbers above what an earlier process may have written when the citizen came earlier', () => {
    const again = arrivalOf(channel(known), ['citizen', 'menu', seconds(NOW - 40_000)], NOW, context);
    expect(again.firstSeq).toBe(41_000);
  });
});

describe('byOurClock', () => {
  const HOUR_MS = 3_600_000;
  const arrival = arrivalOf(channel(known), ['citizen', 'menu', seconds(NOW - 40_000)], NOW, context);

  it('leaves an arrival as it is where the clocks agree', () => {
    expect(byOurClock(arrival, NOW, NOW + 3000)).toBe(arrival);
  });

  it.each([HOUR_MS, -HOUR_MS])('keeps how long ago the citizen came where ours is off by %d ms', (off) => {
    const ours = byOurClock(arrival, NOW, NOW + off);
    expect(ours.enteredAt).toBe(arrival.enteredAt + off);
    expect(ours.facts.enteredAt).toBe(new Date(ours.enteredAt).toISOString());
    expect(ours.firstSeq).toBe(arrival.firstSeq);
  });
});
