import { describe, expect, it } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import { insistent } from '../../src/calls/insistence.ts';

/** An exchange that answers each request with the next of these faults, and then as it should. */
function failing(...codes: string[]) {
  const asked: string[] = [];
  const request = (name: string) => () => {
    asked.push(name);
    const code = codes.shift();
    return code === undefined
      ? Promise.resolve('done')
      : Promise.reject(Object.assign(new Error(code), { code }));
  };
  const telephony = { hangup: request('hangup'), play: request('play') } as unknown as Telephony;
  return { asked, telephony: insistent(telephony) };
}

describe('a request of a live call', () => {
  it.each(['ari-timeout', 'ari-unreachable'])('is made once more after %s', async (code) => {
    const { asked, telephony } = failing(code);
    expect(await telephony.hangup('c1')).toBe('done');
    expect(asked).toEqual(['hangup', 'hangup']);
  });

  it('is not made a third time', async () => {
    const { asked, telephony } = failing('ari-timeout', 'ari-timeout');
    await expect(telephony.hangup('c1')).rejects.toMatchObject({ code: 'ari-timeout' });
    expect(asked).toHaveLength(2);
  });

  it.each(['link-down', 'ari-refused'])('is not repeated after %s: that is an answer', async (code) => {
    const { asked, telephony } = failing(code);
    await expect(telephony.hangup('c1')).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(1);
  });

  it('that would be heard twice is not repeated', async () => {
    const { asked, telephony } = failing('ari-timeout');
    await expect(telephony.play('c1', 'p1', ['talk/goodbye'])).rejects.toMatchObject({ code: 'ari-timeout' });
    expect(asked).toHaveLength(1);
  });
});
