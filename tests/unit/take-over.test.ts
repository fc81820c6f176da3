import { expect, it } from 'vitest';
import type { LinkState, TelephonyEvent } from '../../src/asterisk/telephony.ts';
import { keepEvents } from '../../src/roles/take-over.ts';

it('keeps what the exchange tells on this connection, and nothing of one that was lost', () => {
  let tell: (event: TelephonyEvent) => void = () => undefined;
  let turn: (state: LinkState) => void = () => undefined;
  const heard = keepEvents({
    link: () => 'ready',
    onEvent: (listener) => {
      tell = listener;
      return () => undefined;
    },
    onLink: (listener) => {
      turn = listener;
      return () => undefined;
    },
  });
  const digit = (channelId: string): TelephonyEvent => ({ type: 'digit', channelId, digit: '1', at: 0 });
  tell(digit('before'));
  turn('down');
  turn('ready');
  tell(digit('after'));
  expect(heard.stop()).toEqual([digit('after')]);
});
