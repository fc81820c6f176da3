import { afterEach, describe, expect, it } from 'vitest';
import { createCaller, createExpert, type PersonEvent } from '../../src/stack/phone/demo-people.mjs';
import { createPhone, type Phone } from '../../src/stack/phone/phone.mjs';
import { waitFor } from '../support/wait.ts';

/** The demo's people without an exchange: a citizen rings the expert's telephone itself. */

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const NOWHERE = { host: '127.0.0.1', port: 9 };

async function expert(options: Partial<Parameters<typeof createExpert>[0]> = {}) {
  const events: PersonEvent[] = [];
  const made = await createExpert({
    ...{ username: 'e001', password: 'p', server: NOWHERE, outcomeDigit: null, ringSeconds: 0.1 },
    ...{ talkSeconds: [0.5, 0.6], onEvent: (event: PersonEvent) => void events.push(event), ...options },
  });
  closing.push(() => made.stop());
  return { made, events };
}

async function phone(): Promise<Phone> {
  const made = await createPhone({ server: NOWHERE, username: 'exchange' });
  closing.push(() => made.close());
  return made;
}

const types = (events: PersonEvent[]) => events.map(({ type }) => type);

describe('the demo’s citizen', () => {
  it('reports that an expert was heard, by what came down the line', async () => {
    const { made, events } = await expert();
    const heard: PersonEvent[] = [];
    const report = await createCaller({
      ...{ server: made.phone.address, from: '09121234567', number: 'e001', digits: [] },
      onEvent: (event) => heard.push(event),
    });
    expect(report).toMatchObject({ answered: true, end: { by: 'remote', status: 200 }, from: '09121234567' });
    expect(report.expertHeardSeconds).toBeGreaterThan(0.3);
    expect(types(heard)).toEqual(['dialled', 'connected', 'ended']);
    await waitFor(() => types(events).includes('left'));
    expect(types(events)).toEqual(['offered', 'answered', 'left']);
    expect(events[0]).toMatchObject({ caller: '09121234567', callId: report.callId });
  });

  it('keys what the script says and has no more patience than it says', async () => {
    const exchange = await phone();
    const keyed: unknown[] = [];
    exchange.onInvite((call) => {
      call.onEvent((event) => {
        if (event.type === 'digit') keyed.push(event['digit']);
      });
      void call.answer();
    });
    const digits = ['8', '2'].map((digit) => ({ digit, afterSeconds: 0.1 }));
    const report = await createCaller({ server: exchange.address, digits, patienceSeconds: 1 });
    expect(keyed).toEqual(['8', '2']);
    expect(report).toMatchObject({ name: 'anonymous', end: { by: 'local' }, expertHeardAfterSeconds: null });
  });

  it('keys a mark when the expert speaks no more, and not sooner', async () => {
    const exchange = await phone();
    const keyed: string[] = [];
    exchange.onInvite((call) => {
      call.onEvent((event) => {
        if (event.type === 'digit')
          keyed.push(`${String(event['digit'])} ${spoken ? 'after' : 'in'} the talk`);
      });
      let spoken = false;
      void call.answer().then(async () => {
        await call.playTone(1150, 1);
        spoken = true;
      });
    });
    const at = { server: exchange.address, digits: [], patienceSeconds: 6 };
    await createCaller({ ...at, mark: '4' });
    expect(keyed).toEqual(['4 after the talk']);
  });

  it('is content with a line that is busy', async () => {
    const exchange = await phone();
    exchange.onInvite((call) => call.reject(486));
    const report = await createCaller({ server: exchange.address });
    expect(report).toMatchObject({ answered: false, end: { by: 'remote', status: 486 } });
    expect(report.seconds).toBeLessThan(20);
  });
});

describe('the demo’s expert', () => {
  it('is not ready where the registration is refused', async () => {
    const exchange = await phone();
    const { made, events } = await expert({ server: exchange.address });
    expect(await made.start()).toBe(false);
    expect(events[0]).toMatchObject({ type: 'refused', status: 405 });
  });

  it('notes the outcome by a second call after the talk', async () => {
    const exchange = await phone();
    const noted = new Promise<string>((resolve) => {
      exchange.onInvite((call) => {
        resolve(call.target);
        call.reject(480);
      });
    });
    const { made } = await expert({ server: exchange.address, outcomeDigit: '3' });
    await createCaller({ server: made.phone.address, number: 'e001', digits: [] });
    expect(await noted).toBe('*53');
  });

  it('who goes home in the talk hangs up', async () => {
    const { made } = await expert({ talkSeconds: [60, 60] });
    const out = await (await createPhoneAt(made.phone.address)).invite('e001');
    expect(await out.answered).toBe(true);
    await made.stop();
    expect(await out.ended).toMatchObject({ by: 'remote', status: 200 });
  });

  it('misses a call that is given up while it rings', async () => {
    const { made, events } = await expert({ ringSeconds: 30 });
    const out = await (await createPhoneAt(made.phone.address)).invite('e001');
    expect(await out.rang).toBe(true);
    await out.hangup();
    await made.stop();
    expect(types(events)).toEqual(['offered', 'missed']);
  });
});

async function createPhoneAt(server: { host: string; port: number }): Promise<Phone> {
  const made = await createPhone({ server, username: 'citizen' });
  closing.push(() => made.close());
  return made;
}
