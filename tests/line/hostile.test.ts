import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startClinic, type Clinic } from '../support/clinic.ts';
import {
  createAttacker,
  probe,
  replyTo,
  type Attacker,
  type AttackerOptions,
} from '../support/hostile/attacker.ts';
import { flood } from '../support/hostile/flood.ts';
import { goodCall } from '../support/hostile/good-call.ts';
import { sdp, SDP_TYPE, write } from '../support/hostile/message.ts';
import { seeds, structureMutant, zzufMutants } from '../support/hostile/mutants.ts';
import { random } from '../support/random.ts';
import { torture, type Reply, type Torture } from '../support/hostile/torture.ts';
import { witness, type Witness } from '../support/hostile/witness.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from '../support/phones.ts';
import { testStack } from '../support/stack.ts';

/**
 * Broken, mutated and too many messages. After each attack: the same Asterisk, nothing left in it, no leg nobody may make,
 * and the next good call goes through from end to end.
 */

/** Strangers of this network are not blocked, so that what they send gets past the door. */
const STRANGER = '127.66.1.1';
const MEMORY_MB = 150;

let clinic: Clinic;
let expert: ExpertPhone;
let seen: Witness;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0', NEVER_BLOCK: '127.0.0.1,127.66.1.0/24' } });
  expert = await expertPhone(clinic, await addExpert(clinic, 'زهرا احمدی', 'transport'), { expires: 3_600 });
});
beforeEach(async () => {
  seen = await witness();
});
afterEach(async () => {
  expect(await seen.faults()).toEqual([]);
  expect(await goodCall(clinic, expert)).toMatchObject({ ending: 'answered', expertId: expert.expertId });
  await expectNothingLeft(clinic);
  const { before, now } = seen.memoryMb();
  expect(now - before).toBeLessThan(MEMORY_MB);
});
afterAll(async () => {
  await closePhones();
  await clinic.close();
});

/** A stranger may be asked who it is, and is never let in. */
function allowedFor(message: Torture, trunk: boolean): Reply[] {
  const all: Reply[] = [...message.fit, ...(message.instead?.replies ?? [])];
  return trunk ? all : [401, ...all.filter((reply) => reply === 'silence' || reply >= 300)];
}

async function misfits(options: AttackerOptions): Promise<string[]> {
  const found: string[] = [];
  const attackers: Attacker[] = [];
  for (const message of torture) {
    const attacker = await createAttacker(options);
    attackers.push(attacker);
    const allowed = allowedFor(message, options.trunk ?? false);
    // Over TCP a message that never ends is waited for: then there is no answer, whatever it is.
    if (options.transport === 'TCP') allowed.push('silence');
    const reply = await replyTo(attacker, message.write(attacker.origin), allowed);
    if (!allowed.includes(reply)) found.push(`${message.name}: ${reply}, not ${allowed.join(' or ')}`);
  }
  // Not before: an answer that comes late still has to be acknowledged.
  await probe();
  for (const attacker of attackers) await attacker.close();
  return found;
}

describe('the 49 messages of RFC 4475', () => {
  it.each([
    ['a stranger', 'UDP', false],
    ['a stranger', 'TCP', false],
    ['the trunk', 'UDP', true],
    ['the trunk', 'TCP', true],
  ] as const)('from %s over %s are answered fitly or not at all', async (_who, transport, trunk) => {
    expect(torture).toHaveLength(49);
    expect(await misfits({ host: STRANGER, transport, trunk })).toEqual([]);
  });
});

/** Few enough at once that the socket's buffer holds them; the question behind each part says that they were taken. */
async function throwAll(options: AttackerOptions, messages: readonly Buffer[]): Promise<number> {
  const attacker = await createAttacker(options);
  for (let i = 0; i < messages.length; i += 50) {
    for (const message of messages.slice(i, i + 50)) attacker.send(message);
    await probe();
  }
  const answers = attacker.responses.length;
  await attacker.close();
  return answers;
}

describe('mutated messages', () => {
  it.each([
    ['a stranger', false],
    ['the trunk', true],
  ])('1,400 of zzuf from %s do no harm', async (_who, trunk) => {
    const options = { host: STRANGER, trunk };
    const attacker = await createAttacker(options);
    let answers = 0;
    for (const [i, seed] of seeds(attacker.origin).entries())
      answers += await throwAll(options, await zzufMutants(seed, i * 200, 200));
    await attacker.close();
    // Mutants that all die in the parser would try nothing.
    expect(answers).toBeGreaterThan(50);
  });

  it.each([
    ['a stranger', false],
    ['the trunk', true],
  ])('1,400 of changed structure from %s do no harm', async (_who, trunk) => {
    const options = { host: STRANGER, trunk };
    const attacker = await createAttacker(options);
    const next = random(4475);
    const originals = seeds(attacker.origin);
    const mutants = Array.from({ length: 1_400 }, (_, i) =>
      structureMutant(originals[i % originals.length]!, next),
    );
    await attacker.close();
    expect(await throwAll(options, mutants)).toBeGreaterThan(50);
  });
});

describe('a flood', () => {
  it.each(['INVITE', 'REGISTER'])('of %s leaves a good call its way through', async (method) => {
    const attack = flood({ host: '127.66.2.1', total: 4_000, perSecond: 1_000 }, (origin) =>
      write(origin, {
        method,
        ...(method === 'INVITE' ? { lines: [SDP_TYPE], body: sdp(origin.host) } : {}),
      }),
    );
    expect(await goodCall(clinic, expert)).toMatchObject({ ending: 'answered' });
    const { sent, statuses } = await attack;
    expect(sent).toBe(4_000);
    // Asked who it is, then refused at the door, never taken.
    expect(Object.keys(statuses).filter((status) => !['401', '403'].includes(status))).toEqual([]);
    expect(statuses[403]).toBeGreaterThan(0);
  });

  it('of requests outside any call is told so and nothing else', async () => {
    const statuses = await flood({ host: STRANGER, total: 600, perSecond: 2_000 }, (origin) => {
      const method = ['ACK', 'BYE', 'CANCEL'][Math.floor(Math.random() * 3)]!;
      return write(origin, { method, set: { to: '<sip:137@127.0.0.1>;tag=nothing' } });
    }).then((result) => result.statuses);
    expect(Object.keys(statuses)).toEqual(['481']);
  });
});

describe('connections that are held', () => {
  const held: Socket[] = [];
  afterEach(() => held.splice(0).forEach((socket) => socket.destroy()));

  /** One after the other: Asterisk's SIP listener lets no more than five connections wait to be accepted. */
  async function hold(port: number, count: number, words: string): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: STRANGER });
      socket.on('error', () => socket.destroy());
      held.push(socket);
      await once(socket, 'connect');
      socket.write(words);
    }
  }

  it('half a request on each of 100 SIP connections keeps nobody out', async () => {
    await hold(testStack().sip.trunk.port, 100, 'INVITE sip:137@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP');
    expect(await goodCall(clinic, expert)).toMatchObject({ ending: 'answered' });
  });

  it('300 idle HTTP connections lock neither the application nor telephones out of Asterisk', async () => {
    await hold(Number(new URL(testStack().ari.url).port), 300, 'GET /ws HTTP/1.1\r\n');
    expect(await ari('/asterisk/info')).toMatchObject({ config: { name: 'clinic' } });
    expect(await goodCall(clinic, expert)).toMatchObject({ ending: 'answered' });
  });
});
