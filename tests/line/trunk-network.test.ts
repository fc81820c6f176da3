import { afterEach, describe, expect, it } from 'vitest';
import { tone } from '../../src/stack/phone/tone.mjs';
import { leftInExchange } from '../support/leftovers.ts';
import { closePhones, hears, openPhone } from '../support/phones.ts';
import { startTrunkExchange, type TrunkExchange } from '../support/trunk.ts';
import { waitFor } from '../support/wait.ts';

/** Addresses: what the exchange tells of itself to a provider outside, and to telephones within. No application is needed. */

const PROVIDER = '127.0.0.2';
const INSIDE = '127.0.0.7';
/** What a router would forward to us, sound too; here the exchange itself listens on it for SIP. */
const PUBLIC = '127.0.0.9';

let exchange: TrunkExchange;

afterEach(async () => {
  await closePhones();
  await waitFor(async () => (await leftInExchange(exchange.ari)).length === 0);
  await exchange.stop();
});

/** What the answer to a call from there names: where the sound goes, and where the rest of the call goes. */
async function toldTo(host: string): Promise<{ sound: string | undefined; contact: string | undefined }> {
  const phone = await openPhone({ server: exchange, host, username: '100', codecs: ['PCMA'] });
  const call = await phone.invite('137');
  expect(await call.answered).toBe(true);
  const contact = /(?:<sip:|@)([0-9.]+)/.exec(call.header('contact') ?? '')?.[1];
  const sound = /^c=IN IP4 (\S+)/m.exec(call.response?.body ?? '')?.[1];
  // The goodbye goes to that contact and is answered.
  expect((await call.hangup()).status).toBe(200);
  return { sound, contact };
}

describe('behind a router', () => {
  it('the provider is told the public address, a telephone of the local network the own one', async () => {
    // Its own address is of the local networks too, else Asterisk takes it for a public one.
    exchange = await startTrunkExchange({
      ...{ ASTERISK_BIND_ADDRESS: '0.0.0.0', ASTERISK_EXTERNAL_ADDRESS: PUBLIC },
      ...{
        ASTERISK_LOCAL_NETS: `10.0.0.0/8,127.0.0.1/32,${INSIDE}/32`,
        TRUNK_MATCH: `${PROVIDER},${INSIDE}`,
      },
    });
    expect(await toldTo(PROVIDER)).toEqual({ sound: PUBLIC, contact: PUBLIC });
    const { sound, contact } = await toldTo(INSIDE);
    expect(sound).toBe(contact);
    expect(sound).not.toBe(PUBLIC);
  });
});

describe('a provider of another kind', () => {
  it('that sends no telephone events keys its digits in the sound', async () => {
    exchange = await startTrunkExchange({ TRUNK_MATCH: PROVIDER, TRUNK_DTMF: 'auto' });
    const phone = await openPhone({
      ...{ server: exchange, host: PROVIDER, username: '100', codecs: ['PCMA'], dtmfPayloadType: null },
    });
    const call = await phone.invite('137');
    await hears(call, { key: 'm137/greeting', seconds: 1 });
    await call.playPcm(three());
    await hears(call, { key: 'm137/no-legacy', seconds: 1 });
    await call.hangup();
  });

  it('with encrypted sound gets no call through without', async () => {
    exchange = await startTrunkExchange({ TRUNK_MATCH: PROVIDER, TRUNK_MEDIA_ENCRYPTION: 'sdes' });
    const phone = await openPhone({ server: exchange, host: PROVIDER, username: '100' });
    expect((await (await phone.invite('137')).ended).status).toBe(488);
  });
});

/** The key 3 as telephones sound it (ITU-T Q.23), a quarter of a second. */
function three(): Int16Array {
  const [low, high] = [tone(697, 0.25), tone(1_477, 0.25)];
  return low.map((sample, at) => (sample + high[at]!) / 2);
}
