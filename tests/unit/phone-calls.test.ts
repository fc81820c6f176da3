import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createPhone,
  type InboundCall,
  type Phone,
  type PhoneOptions,
} from '../../src/stack/phone/phone.mjs';
import { findTone } from '../../src/stack/phone/tone.mjs';

/** Two telephones that ring each other without an exchange between them: each is the other's server. */

const opened: Phone[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((phone) => phone.close()));
});

async function phone(options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const made = await createPhone({ server: { host: '127.0.0.1', port: 9 }, username: 'e001', ...options });
  opened.push(made);
  return made;
}

async function pair(caller: Partial<PhoneOptions> = {}, called: Partial<PhoneOptions> = {}) {
  const other = await phone(called);
  const incoming: ((call: InboundCall) => void)[] = [];
  other.onInvite((call) => incoming.shift()?.(call));
  const one = await phone({ server: other.address, username: 'citizen', ...caller });
  const comes = () => new Promise<InboundCall>((resolve) => incoming.push(resolve));
  return { one, other, comes };
}

async function ring(options: Parameters<Phone['invite']>[1] = {}, ...phones: Parameters<typeof pair>) {
  const { one, other, comes } = await pair(...phones);
  const came = comes();
  const out = await one.invite('e001', options);
  return { one, other, out, into: await came };
}

async function talk() {
  const ringing = await ring();
  ringing.into.ringing();
  expect(await ringing.out.rang).toBe(true);
  expect(await ringing.into.answer()).toBe(true);
  expect(await ringing.out.answered).toBe(true);
  return ringing;
}

const kinds = (call: { events: { type: string }[] }) => call.events.map(({ type }) => type);

describe('a call', () => {
  it('rings, is answered, carries both voices and digits, and ends by the caller', async () => {
    const { out, into, one, other } = await talk();
    expect([out.state, into.state]).toEqual(['talking', 'talking']);
    expect(out.callId).toBe(into.callId);
    await Promise.all([out.playTone(700, 0.3), into.playTone(1_150, 0.3)]);
    await out.sendDigits('81', { durationMs: 40, gapMs: 20 });
    const ended = out.hangup();
    expect(await into.ended).toMatchObject({ by: 'remote', status: 200 });
    expect(await ended).toMatchObject({ by: 'local', status: 200 });
    expect(findTone(into.recording().pcm, 700).seconds).toBeGreaterThan(0.2);
    expect(findTone(out.recording().pcm, 1_150).seconds).toBeGreaterThan(0.2);
    expect(into.events.filter(({ type }) => type === 'digit').map(({ digit }) => digit)).toEqual(['8', '1']);
    expect(kinds(out)).toEqual(['invite-sent', 'progress', 'answered', 'digits-sent', 'bye-sent', 'ended']);
    expect(one.liveCalls() + other.liveCalls()).toBe(0);
  });

  it('ends by the one called', async () => {
    const { out, into } = await talk();
    expect(await into.hangup()).toMatchObject({ by: 'local' });
    expect(await out.ended).toMatchObject({ by: 'remote', status: 200 });
    expect(await into.hangup()).toMatchObject({ by: 'local' });
  });

  it('ends once when both hang up in the same instant', async () => {
    const { out, into, one, other } = await talk();
    await Promise.all([out.hangup(), into.hangup()]);
    expect(kinds(out).filter((kind) => kind === 'ended')).toHaveLength(1);
    expect(kinds(into).filter((kind) => kind === 'ended')).toHaveLength(1);
    expect(one.liveCalls() + other.liveCalls()).toBe(0);
  });

  it.each([486, 603, 480, 404])('is refused with %i', async (status) => {
    const { out, into } = await ring();
    into.reject(status);
    expect(await out.ended).toMatchObject({ by: 'remote', status });
    expect(await into.ended).toMatchObject({ by: 'local', status });
    expect(await out.answered).toBe(false);
  });

  it('is cancelled while it rings', async () => {
    const { out, into } = await ring();
    into.ringing();
    await out.rang;
    expect(await out.hangup()).toMatchObject({ by: 'local', status: 487 });
    expect(await into.ended).toMatchObject({ by: 'remote', status: 487 });
    expect(await into.answer()).toBe(false);
  });

  it('is cancelled as soon as it may be, though nobody has answered yet', async () => {
    const { one, comes } = await pair();
    const came = comes();
    const out = await one.invite('e001');
    // No provisional response is in: the CANCEL has to wait for the 100.
    const ended = out.hangup();
    expect(await (await came).ended).toMatchObject({ by: 'remote', status: 487 });
    expect(await ended).toMatchObject({ by: 'local', status: 487 });
  });

  it('that is answered while its CANCEL is on the way is ended by BYE', async () => {
    const { out, into } = await ring();
    into.ringing();
    await out.rang;
    const answered = into.answer();
    const ended = out.hangup();
    await Promise.all([ended, into.ended]);
    expect(kinds(into)).toContain('ended');
    // Either order is right; what may not be is a side that is left talking.
    expect([out.state, into.state]).toEqual(['ended', 'ended']);
    if (await answered)
      expect(kinds(out)).toEqual(expect.arrayContaining(['answered-while-leaving', 'bye-sent']));
    else expect(await ended).toMatchObject({ status: 487 });
  });

  it('is hung up by the called in the instant of the answer, but not before the ACK', async () => {
    const { out, into } = await ring();
    const answered = into.answer();
    const ended = into.hangup();
    expect(kinds(into)).not.toContain('bye-sent');
    expect(await answered).toBe(true);
    expect(await ended).toMatchObject({ by: 'local' });
    expect(await out.ended).toMatchObject({ by: 'remote', status: 200 });
  });

  it('gets no answer at all from a telephone that ignores it', async () => {
    const { other, into } = await ring();
    into.ignore();
    expect(await into.ended).toMatchObject({ by: 'local', reason: 'ignored' });
    expect(other.trace.filter(({ direction }) => direction === 'out')).toEqual([]);
  });

  it('is refused where no codec is shared', async () => {
    const { one } = await pair({ codecs: ['PCMA'] }, { codecs: ['PCMU'] });
    const out = await one.invite('e001');
    expect(await out.ended).toMatchObject({ by: 'remote', status: 488 });
  });

  it('is refused by a telephone nobody minds', async () => {
    const other = await phone();
    const one = await phone({ server: other.address });
    expect(await (await one.invite('e001')).ended).toMatchObject({ by: 'remote', status: 480 });
  });

  it.each([96, 101, 110])('takes digits under payload type %i', async (dtmfPayloadType) => {
    const { out, into } = await ring({}, { dtmfPayloadType }, { dtmfPayloadType: 97 });
    await into.answer();
    await out.sendDigits('5', { durationMs: 40, gapMs: 20 });
    expect(await into.until('digit')).toMatchObject({ digit: '5' });
    await into.sendDigits('6', { durationMs: 40, gapMs: 20 });
    expect(await out.until('digit')).toMatchObject({ digit: '6' });
  });

  it('tells who calls as it was told to', async () => {
    const named = await ring({
      from: '"شهروند" <sip:+982112345678@trunk>',
      headers: { 'X-Clinic-Trunk': 's', 'P-Asserted-Identity': '<sip:0912@x>, <tel:+98912>' },
    });
    expect(named.into.from).toMatchObject({ display: 'شهروند', number: '+982112345678' });
    expect(named.into.assertedIdentities.map(({ number }) => number)).toContain('0912');
    expect(named.into.header('x-clinic-trunk')).toBe('s');
    expect(named.into.target).toBe('e001');
    const hidden = await ring({ from: 'anonymous' });
    expect(hidden.into.from).toMatchObject({ display: 'Anonymous', uri: 'sip:anonymous@anonymous.invalid' });
    const nameless = await ring({ from: '' });
    expect(nameless.into.from.number).toBe('');
  });

  it('waits for what is to come, and not in vain', async () => {
    const { out, into } = await ring();
    const answered = out.until('answered');
    into.reject(486);
    expect(await answered).toBeNull();
    expect(await out.until('invite-sent')).toMatchObject({ type: 'invite-sent' });
    expect(await out.until('digit')).toBeNull();
  });

  it('tells its listeners until they leave', async () => {
    const { out, into } = await ring();
    const heard: string[] = [];
    const leave = out.onEvent(({ type }) => heard.push(type));
    into.ringing();
    await out.rang;
    leave();
    into.reject(486);
    await out.ended;
    expect(heard).toEqual(['progress']);
  });
});

describe('a telephone', () => {
  it('that is deaf hears and says nothing until the cable is back', async () => {
    const { one, other, comes } = await pair();
    other.setDeaf(true);
    const came = comes();
    const out = await one.invite('e001');
    expect(out.state).toBe('calling');
    other.setDeaf(false);
    // The INVITE comes again by itself.
    (await came).reject(486);
    expect(await out.ended).toMatchObject({ status: 486 });
  });

  it('that vanishes says no goodbye', async () => {
    const { one, out, into } = await talk();
    one.vanish();
    expect(await out.ended).toMatchObject({ by: 'local', reason: 'telephone closed' });
    expect(into.state).toBe('talking');
    expect(kinds(into)).not.toContain('bye-received');
  });

  it('ends its calls when it is closed and leaves its ports free', async () => {
    const { one, out, into } = await talk();
    const { port } = one.address;
    await one.close();
    expect(await into.ended).toMatchObject({ by: 'remote' });
    expect(out.state).toBe('ended');
    const socket = createSocket('udp4');
    await new Promise<void>((bound, failed) => {
      socket.once('error', failed);
      socket.bind(port, '127.0.0.1', bound);
    });
    await new Promise<void>((closed) => socket.close(closed));
  });

  it('talks on several lines at once', async () => {
    const { one, comes } = await pair();
    const calls = [];
    for (let at = 0; at < 5; at += 1) {
      const came = comes();
      const out = await one.invite('e001');
      const into = await came;
      await into.answer();
      calls.push({ out, into });
    }
    expect(one.liveCalls()).toBe(5);
    await calls[2]!.out.hangup();
    expect(one.liveCalls()).toBe(4);
    expect(
      calls.map(({ into }) => into.state).filter((state) => state === 'talking').length,
    ).toBeGreaterThanOrEqual(4);
  });
});
