import { describe, expect, it } from 'vitest';
import { readSender, type Sender } from '../../src/asterisk/senders.ts';
import { createSuspects, MOST_BLOCKED, type Suspects, type Verdict } from '../../src/asterisk/suspects.ts';
import { addressList } from '../../src/roles/guard.ts';

const RULES = { guesses: 3, probes: 5, blockSeconds: 60 };
const MINUTE = 60_000;
const DAY = 86_400_000;
const START = 1_800_000_000_000;

function many(
  suspects: Suspects,
  password: Sender['password'],
  count: number,
  at = START,
  address = '192.0.2.1',
): Verdict | null {
  let last: Verdict | null = null;
  for (let i = 0; i < count; i += 1) last = suspects.note({ password, address }, at + i) ?? last;
  return last;
}

describe('an address that guesses passwords', () => {
  it('is blocked by the guess that is one too many, for so long and no longer', () => {
    const suspects = createSuspects(RULES);
    expect(many(suspects, 'wrong', 2)).toBeNull();
    expect(many(suspects, 'wrong', 1, START + 2)).toMatchObject({
      outcome: 'blocked',
      seconds: 60,
      times: 1,
    });
    expect(suspects.blocked(START + MINUTE)).toEqual(['192.0.2.1']);
    expect(suspects.nextEnd(START + MINUTE)).toBe(START + 2 + MINUTE);
    expect(suspects.blocked(START + 2 + MINUTE)).toEqual([]);
    expect(suspects.nextEnd(START + 2 + MINUTE)).toBeNull();
  });

  it('may guess wrong now and then for ever', () => {
    const suspects = createSuspects(RULES);
    for (let i = 0; i < 50; i += 1) expect(many(suspects, 'wrong', 1, START + i * 6 * MINUTE)).toBeNull();
  });

  it('is blocked twice as long each time it goes on, at most a day, and begins anew after a quiet day', () => {
    const suspects = createSuspects(RULES);
    let at = START;
    const seconds = Array.from({ length: 13 }, () => {
      const verdict = many(suspects, 'wrong', 3, at);
      at += (verdict?.seconds ?? 0) * 1000 + MINUTE;
      return verdict?.seconds;
    });
    expect(seconds.slice(0, 4)).toEqual([60, 120, 240, 480]);
    expect(seconds.slice(-2)).toEqual([86_400, 86_400]);
    expect(many(suspects, 'wrong', 3, at + DAY)?.seconds).toBe(60);
  });

  it('is not counted while it is blocked: what was under way adds nothing', () => {
    const suspects = createSuspects(RULES);
    many(suspects, 'wrong', 3);
    expect(many(suspects, 'wrong', 20, START + 10)).toBeNull();
  });

  it('does not bring its neighbour down', () => {
    const suspects = createSuspects(RULES);
    many(suspects, 'wrong', 3);
    expect(many(suspects, 'wrong', 2, START, '192.0.2.2')).toBeNull();
    expect(suspects.blocked(START + 10)).toEqual(['192.0.2.1']);
  });
});

describe('an address from which an expert signs in', () => {
  it('is told of and not blocked, whoever else forgets a password there', () => {
    const suspects = createSuspects(RULES);
    many(suspects, 'right', 1);
    expect(many(suspects, 'wrong', 3, START + 5)).toMatchObject({ outcome: 'spared', seconds: 0 });
    expect(many(suspects, 'none', 5, START + 50)).toMatchObject({ outcome: 'spared' });
    expect(suspects.blocked(START + 100)).toEqual([]);
  });

  it('has its good name for thirty days, also from before a restart', () => {
    const suspects = createSuspects(RULES, [
      ['192.0.2.1', START - 29 * DAY],
      ['192.0.2.2', START - 31 * DAY],
    ]);
    expect(many(suspects, 'wrong', 3)).toMatchObject({ outcome: 'spared' });
    expect(many(suspects, 'wrong', 3, START, '192.0.2.2')).toMatchObject({ outcome: 'blocked' });
    expect([...suspects.known().keys()]).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('may challenge as often as it signs in, however many telephones begin at once', () => {
    const suspects = createSuspects(RULES);
    for (let i = 0; i < 200; i += 1) {
      expect(many(suspects, 'none', 1, START + i)).toBeNull();
      expect(many(suspects, 'right', 1, START + i)).toBeNull();
    }
  });
});

it('forged senders without number cost no memory, and neither free nor add a block', () => {
  const suspects = createSuspects({ ...RULES, guesses: 1, blockSeconds: 3_600 });
  const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  for (let i = 0; i < MOST_BLOCKED + 20_000; i += 1)
    suspects.note({ password: 'wrong', address: address(i) }, START);
  expect(suspects.blocked(START)).toHaveLength(MOST_BLOCKED);
  expect(suspects.blocked(START)[0]).toBe(address(0));
});

describe('a security event', () => {
  const event = (name: string, more: Record<string, string> = {}) =>
    readSender({ event: name, service: 'PJSIP', remoteaddress: 'IPV4/UDP/192.0.2.1/5060', ...more });

  it.each([
    ['SuccessfulAuth', 'right'],
    ['ChallengeResponseFailed', 'wrong'],
    ['ChallengeSent', 'none'],
  ])('%s is a sender with a %s password', (name, password) => {
    expect(event(name)).toEqual({ password, address: '192.0.2.1' });
  });

  it('of IPv6 and WebSocket is read as well', () => {
    const remoteaddress = 'IPV6/WS/2001:db8::1/4711';
    expect(event('SuccessfulAuth', { remoteaddress })?.address).toBe('2001:db8::1');
  });

  it.each([
    ['of another kind', event('InvalidAccountID')],
    ['of the manager interface', event('SuccessfulAuth', { service: 'AMI' })],
    ['without an address', event('ChallengeSent', { remoteaddress: 'IPV4/UDP/somewhere/1' })],
    ['named like a method of objects', event('constructor')],
  ])('%s is none', (_what, read) => expect(read).toBeNull());
});

describe('NEVER_BLOCK', () => {
  it('knows addresses and networks of both kinds', () => {
    const spared = addressList('127.0.0.1,10.1.0.0/16,2001:db8::/32,::1');
    expect(['127.0.0.1', '10.1.2.3', '2001:db8::9', '::1'].map(spared)).toEqual([true, true, true, true]);
    expect(['127.0.0.2', '10.2.0.1', '2001:db9::1'].map(spared)).toEqual([false, false, false]);
  });

  it('may be empty, and says which entry it cannot read', () => {
    expect(addressList('')('127.0.0.1')).toBe(false);
    expect(() => addressList('127.0.0.1,300.1.1.1')).toThrow('300.1.1.1');
  });
});
