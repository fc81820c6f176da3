import { afterEach, describe, expect, it } from 'vitest';
import {
  createPhone,
  type InboundCall,
  type Phone,
  type PhoneOptions,
} from '../../src/stack/phone/phone.mjs';
import { readSdp } from '../../src/stack/phone/sdp.mjs';
import { findTone } from '../../src/stack/phone/tone.mjs';

/** What a telephone asks inside a call, and how it may describe itself: two of ours ring each other. */

const opened: Phone[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((phone) => phone.close()));
});

async function phone(options: Partial<PhoneOptions>): Promise<Phone> {
  const made = await createPhone({ server: { host: '127.0.0.1', port: 9 }, username: 'e001', ...options });
  opened.push(made);
  return made;
}

async function ring(invite: Parameters<Phone['invite']>[1] = {}, caller: Partial<PhoneOptions> = {}) {
  const other = await phone({});
  const comes = new Promise<InboundCall>((resolve) => other.onInvite(resolve));
  const one = await phone({ server: other.address, username: 'citizen', ...caller });
  const out = await one.invite('e001', invite);
  return { one, other, out, into: await comes };
}

async function talk(...how: Parameters<typeof ring>) {
  const made = await ring(...how);
  await made.into.answer();
  expect(await made.out.answered).toBe(true);
  return made;
}

/** How long a tone is heard that is played now. */
async function carried(from: InboundCall, to: { recording: () => { pcm: Int16Array } }, hertz: number) {
  await from.playTone(hertz, 0.3);
  return findTone(to.recording().pcm, hertz).seconds;
}

describe('an offer in a call', () => {
  it('of a hold silences the one who holds until it resumes', async () => {
    const { out, into } = await talk();
    expect((await into.offer({ direction: 'sendonly' })).status).toBe(200);
    expect(out.events.at(-1)).toMatchObject({ type: 'renegotiated', direction: 'recvonly' });
    const held = into.playTone(700, 0.2);
    const before = out.recording().packets;
    expect((await into.offer()).status).toBe(200);
    expect(await held).toBe(true);
    expect(out.recording().packets).toBeGreaterThan(before);
    expect(await carried(into, out, 900)).toBeGreaterThan(0.2);
  });

  it.each(['INVITE', 'UPDATE'] as const)('by %s moves the sound to another port', async (method) => {
    const { out, into } = await talk();
    const answer = await into.offer({ method, newPort: true });
    expect(answer.status).toBe(200);
    expect(await carried(into, out, 900)).toBeGreaterThan(0.2);
  });

  it('that is refused leaves everything as it was', async () => {
    const { out, into } = await talk();
    const shape = (sdp: string) => sdp.replace(/RTP\/AVP .*/, 'RTP/AVP 9');
    expect((await into.offer({ direction: 'inactive', shape })).status).toBe(488);
    expect(await carried(into, out, 900)).toBeGreaterThan(0.2);
  });
});

describe('requests', () => {
  it('inside a call reach the other side and are answered', async () => {
    const { out, into } = await talk();
    expect((await into.request('INFO', { body: 'Signal=1' })).status).toBe(200);
    expect(out.events.at(-1)).toMatchObject({ type: 'request', method: 'INFO' });
    expect((await out.request('REFER', { headers: [['Refer-To', '<sip:x@y>']] })).status).toBe(603);
  });

  it('outside of any call are answered too', async () => {
    const { one, other } = await ring();
    const { host, port } = other.address;
    expect((await one.request('OPTIONS', `sip:e001@${host}:${port}`)).status).toBe(200);
    expect((await one.request('PUBLISH', `sip:e001@${host}:${port}`)).status).toBe(405);
  });
});

describe('an INVITE', () => {
  it('may offer nothing: what the other side offers is answered in the ACK', async () => {
    const { out, into } = await talk({ delayed: true });
    expect(into.invite?.body).toBe('');
    expect(await carried(into, out, 900)).toBeGreaterThan(0.2);
    await out.playTone(700, 0.3);
    expect(findTone(into.recording().pcm, 700).seconds).toBeGreaterThan(0.2);
  });

  it('tells the address and the description it was told to tell', async () => {
    const shape = (sdp: string) => `${sdp}m=video 40000 RTP/AVP 34\r\n`;
    const { into } = await ring({}, { claims: '10.1.2.3', shape });
    expect(readSdp(into.invite?.body ?? '')?.host).toBe('10.1.2.3');
    expect(into.invite?.body).toContain('m=video');
    expect(into.header('contact')).toMatch(/@10\.1\.2\.3:/);
    into.reject(486);
  });
});

describe('before the answer', () => {
  it('early sound is heard, and is no answer', async () => {
    const { out, into } = await ring();
    into.progress(183, { sound: true, headers: [['X-Early', 'yes']] });
    expect(await out.rang).toBe(true);
    expect(out.header('x-early')).toBe('yes');
    expect(await carried(into, out, 900)).toBeGreaterThan(0.2);
    expect([out.state, into.state]).toEqual(['ringing', 'ringing']);
  });

  it('a refusal carries the headers it is given, a diversion no other Contact', async () => {
    const { out, into } = await ring();
    into.reject(302, [['Contact', '<sip:elsewhere@127.0.0.2>']]);
    expect(await out.ended).toMatchObject({ status: 302 });
    expect(out.header('contact')).toBe('<sip:elsewhere@127.0.0.2>');
  });
});
