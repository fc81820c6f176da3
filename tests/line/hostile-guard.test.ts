import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { headerValue, type SipResponse } from '../../src/stack/phone/sip.mjs';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { createAttacker, probe } from '../support/hostile/attacker.ts';
import { flood } from '../support/hostile/flood.ts';
import { goodCall } from '../support/hostile/good-call.ts';
import { guess } from '../support/hostile/guess.ts';
import { write } from '../support/hostile/message.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from '../support/phones.ts';
import { waitFor } from '../support/wait.ts';

/** Who looks for accounts learns nothing, and who guesses passwords is slowed down, without anybody else noticing. */

let clinic: Clinic;
let expert: ExpertPhone;
/** Another expert's account, whose telephone is not on. */
let spare: { username: string; password: string };

beforeAll(async () => {
  const env = {
    WRAP_UP_SECONDS: '0',
    GUESSES_BEFORE_BLOCK: '5',
    PROBES_BEFORE_BLOCK: '30',
    BLOCK_SECONDS: '5',
  };
  clinic = await startClinic({ env: { ...env, NEVER_BLOCK: '127.0.0.1,127.66.1.0/24' } });
  expert = await expertPhone(clinic, await addExpert(clinic, 'سارا محمدی', 'transport'));
  const id = await addExpert(clinic, 'رضا حسینی', 'finance');
  const account = await clinic.api<typeof spare>(`/experts/${id}/softphone`, { method: 'POST' });
  spare = account.body;
});
afterEach(async () => {
  expect(await goodCall(clinic, expert)).toMatchObject({ ending: 'answered' });
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await closePhones();
  await clinic.close();
});

/** An answer without what differs from request to request: status, names of headers in their order, the challenge. */
function shape(answer: SipResponse): unknown {
  const challenge = (headerValue(answer, 'www-authenticate') ?? '').replace(/(nonce|opaque)="[^"]*"/g, '$1');
  return {
    status: answer.status,
    reason: answer.reason,
    names: answer.headers.map(([name]) => name),
    challenge,
  };
}

async function answerTo(method: string, username: string): Promise<SipResponse> {
  const attacker = await createAttacker({ host: '127.66.1.1' });
  try {
    const answer = new Promise<SipResponse>((resolve) => attacker.onResponse(resolve));
    const address = `<sip:${username}@127.0.0.1>`;
    const set = { from: `${address};tag=a`, to: address };
    attacker.send(write(attacker.origin, { method, uri: `sip:${username}@127.0.0.1`, set }));
    return await answer;
  } finally {
    await attacker.close();
  }
}

describe('who looks for accounts', () => {
  it.each(['REGISTER', 'INVITE', 'OPTIONS', 'SUBSCRIBE', 'MESSAGE', 'NOTIFY', 'INFO', 'BYE', 'NONSENSE'])(
    'by %s gets the same answer for one that is there and one that is not',
    async (method) => {
      const there = shape(await answerTo(method, spare.username));
      expect(there).toEqual(shape(await answerTo(method, 'e998')));
      expect(there).toMatchObject({ status: method === 'BYE' ? 481 : 401 });
    },
  );

  it('with a password, too', async () => {
    const there = await guess('127.66.1.1', spare.username, 'wrong');
    const not = await guess('127.66.1.1', 'e998', 'wrong');
    expect(shape(there.last)).toEqual(shape(not.last));
    expect(there.last.status).toBe(401);
  });
});

/** Guesses until it is refused at the door; tells after how many guesses. */
async function guessUntilBlocked(host: string, most: number): Promise<number> {
  for (let tried = 0; tried < most; tried += 1) {
    const { challenge, last } = await guess(host, spare.username, `guess-${tried}`);
    if (challenge === null) {
      expect(last.status).toBe(403);
      return tried;
    }
  }
  throw new Error(`${host} was not blocked after ${most} guesses`);
}

const toldOf = (event: string, host: string) => clinic.logged(event, (line) => line['address'] === host);

describe('who guesses passwords', () => {
  it('is blocked after a few, with the right password as well, and let go again', async () => {
    const host = '127.66.3.1';
    expect(await guessUntilBlocked(host, 200)).toBeGreaterThanOrEqual(5);
    expect(await toldOf('source.blocked', host)).toMatchObject({ seconds: 5, times: 1 });
    expect((await guess(host, spare.username, spare.password)).last.status).toBe(403);
    // Nobody else is touched meanwhile.
    expect(await probe()).toBe(401);
    await toldOf('source.released', host);
    await waitFor(async () => (await probe(host)) === 401);
  });

  it('is blocked for longer the second time', async () => {
    const host = '127.66.3.2';
    await guessUntilBlocked(host, 200);
    await toldOf('source.released', host);
    await waitFor(async () => (await probe(host)) === 401);
    await guessUntilBlocked(host, 200);
    await clinic.logged('source.blocked', (line) => line['address'] === host && line['seconds'] === 10);
    const metrics = await (await fetch(`${clinic.url}/metrics`)).text();
    expect(metrics).toMatch(/^clinic_source_verdicts_total\{outcome="blocked"\} [1-9]/m);
  });

  it('is only told of where an expert signs in from the same address', async () => {
    const office = '127.66.3.3';
    expect((await guess(office, spare.username, spare.password)).last.status).toBe(200);
    for (let i = 0; i < 8; i += 1) await guess(office, 'e998', 'forgotten');
    await toldOf('source.spared', office);
    expect((await guess(office, spare.username, spare.password)).last.status).toBe(200);
  });

  it('stays blocked over a restart of the application only as long as somebody counts', async () => {
    const host = '127.66.3.4';
    await guessUntilBlocked(host, 200);
    await clinic.kill();
    await clinic.start();
    // The new life begins with nobody blocked.
    await waitFor(async () => (await probe(host)) === 401);
  });
});

describe('who asks without a password', () => {
  it('is blocked when it asks too often', async () => {
    const host = '127.66.3.5';
    await flood({ host, total: 60, perSecond: 300 }, (origin) => write(origin, { method: 'REGISTER' }));
    await toldOf('source.blocked', host);
    await waitFor(async () => (await probe(host)) === 403);
  });
});
