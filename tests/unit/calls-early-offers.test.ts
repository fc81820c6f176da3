import { afterEach, expect, it } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import { createCalls, type Calls } from '../../src/calls/service.ts';
import type { Snapshots } from '../../src/calls/snapshots.ts';
import type { Config } from '../../src/config.ts';
import type { Offer, Routing } from '../../src/routing/routing.ts';
import { inQueue, NOW } from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

/**
 * Whoever takes the calls up listens to routing before: experts whose wrap-up ended meanwhile are free at once, and the first
 * in the queue is offered one before the call has been taken up.
 */

const CONFIG = { RING_SECONDS: 8, WRAP_UP_SECONDS: 4, POSITION_REPEAT_SECONDS: 20 } as unknown as Config;
const off = () => undefined;
const done = () => Promise.resolve();
const none = () => Promise.resolve([]);

let calls: Calls;
afterEach(() => calls.drain(0));

it('an offer for a call not yet taken up does not cost the place; one for a call that is no more is given back', async () => {
  const { call } = inQueue();
  const asked: string[] = [];
  let offer: (offer: Offer) => void = off;
  let tellSnapshots: (standing: Awaited<ReturnType<Snapshots['all']>>) => void = off;
  const told = (what: string) => {
    asked.push(what);
    return Promise.resolve({ position: 1 });
  };
  const routing = {
    onOffer: (listener: typeof offer) => ((offer = listener), off),
    ...{ onChange: () => off, reservations: none, waiting: none, experts: none },
    leave: (callId: string) => told(`leave ${callId}`),
    requeue: ({ callId }: { callId: string }) => told(`requeue ${callId}`),
    position: () => Promise.resolve(1),
  } as unknown as Routing;
  const here = { id: call.channelId, application: 'Stasis', applicationData: '', context: '', variables: {} };
  const telephony = new Proxy(
    {
      ...{ link: () => 'ready', trust: () => true, onEvent: () => off, onLink: () => off },
      ...{ channels: () => Promise.resolve([here]), bridges: none },
      asteriskInfo: () => Promise.resolve({ systemName: 'clinic' }),
    } as unknown as Telephony,
    {
      get: (parts, name): unknown => Reflect.get(parts, name) ?? done,
      ownKeys: (parts) => Reflect.ownKeys(parts),
    },
  );
  calls = createCalls({
    ...{ telephony, routing, log: silentLog, config: CONFIG, specialties: {}, observe: off },
    ...{ clock: { now: () => NOW, monotonic: () => 0 }, hours: {} as never, ledger: { append: done } },
    outcomes: { set: () => Promise.resolve('none-missing') },
    ...{ recorder: { begin: off, end: off }, vault: { keep: () => Promise.reject(new Error('no message')) } },
    snapshots: { save: done, remove: done, all: () => new Promise((resolve) => (tellSnapshots = resolve)) },
  });
  await waitFor(() => tellSnapshots !== off);
  for (const callId of [call.id, 'nobody']) offer({ offerId: `o-${callId}`, callId } as Offer);
  expect(asked).toEqual([]);
  tellSnapshots({ kept: [{ call, effects: [] }], refused: [] });
  await waitFor(() => calls.ready());
  expect(asked).toEqual([`requeue ${call.id}`, 'leave nobody']);
});
