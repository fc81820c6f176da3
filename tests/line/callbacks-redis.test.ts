import { describe, expect, it } from 'vitest';
import {
  asksToBeCalled,
  callsBack,
  caseOf,
  citizensTelephone,
  decide,
  isNext,
} from '../support/called-back.ts';
import { addExpert, expertPhone, hears, setPresence, type InboundCall } from '../support/phones.ts';
import { asks, onPrivateRedis } from '../support/private-redis.ts';

/** Redis loses everything, the alarms with it: whoever was promised a call is called all the same. */

const scene = onPrivateRedis({ WRAP_UP_SECONDS: '1', ...callsBack() });
const flush = () => asks(scene().redis, (connection) => connection.flushall());

async function declines(citizen: InboundCall): Promise<void> {
  await citizen.answer();
  await hears(citizen, { key: 'callback/who', seconds: 2 });
  await citizen.sendDigits('3');
  await citizen.ended;
}

describe('Redis emptied', () => {
  it('while a promise waits for an expert: it keeps its place and is kept', async () => {
    const { clinic } = scene();
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005201');
    await isNext(clinic, promised);
    await flush();
    await clinic.logged('redis.restored', ({ waiting }) => waiting === 1);
    const expertId = await addExpert(clinic, 'سارا موسوی', 'transport');
    await expertPhone(clinic, expertId);
    await declines(await telephone.nextCall());
    await caseOf(clinic, promised, ({ callback }) => callback?.state === 'declined');
    expect(telephone.calls()).toBe(1);
    await setPresence(clinic, expertId, 'offline');
  }, 120_000);

  it('with the alarm of one that is due later: it is called when its time has come', async () => {
    const { clinic } = scene();
    const telephone = await citizensTelephone();
    const promised = await asksToBeCalled(clinic, '09120005202');
    await isNext(clinic, promised);
    await decide(clinic, promised, 'DELETE');
    // Under way until it has been recalled.
    await caseOf(clinic, promised, ({ callback }) => callback?.state === 'cancelled');
    const at = new Date(Date.now() + 5000);
    const put = await decide(clinic, promised, 'PUT', { at: at.toISOString() });
    expect(put.status).toBe(200);
    await flush();
    await expertPhone(clinic, await addExpert(clinic, 'لیلا رضایی', 'transport'));
    await declines(await telephone.nextCall());
    expect(Date.now()).toBeGreaterThan(at.getTime());
    await caseOf(clinic, promised, ({ callback }) => callback?.state === 'declined');
    expect(telephone.calls()).toBe(1);
  }, 240_000);
});
