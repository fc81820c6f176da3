import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import type { Driver } from '../../src/sms/driver.ts';
import { createKavenegar, localIdOf } from '../../src/sms/kavenegar.ts';
import { startGateway, type Answer, type Gateway } from '../support/sms-gateway.ts';

/** The gateway's protocol over a real connection. */

let gateway: Gateway;
let driver: Driver;
beforeAll(async () => {
  gateway = await startGateway();
});
beforeEach(() => {
  const { url, key } = gateway;
  driver = createKavenegar({ url: `${url}/`, key, sender: '', withinMs: 2000 });
});
afterAll(() => gateway.close());

const message = () => ({ id: uuidv7(), number: '+989121234567', body: 'سلام ۱۲۳' });

describe('a message', () => {
  it('is sent as people write the number, with an id of ours, and its own is told', async () => {
    const one = message();
    const came = await driver.send(one);
    expect(gateway.asked.at(-1)).toEqual({
      ...{ receptor: '09121234567', message: 'سلام ۱۲۳', localid: localIdOf(one.id), sender: null },
    });
    expect(came).toEqual({ came: 'sent', providerId: expect.stringMatching(/^[0-9]+$/) as string });
    expect(await driver.find(one.id)).toEqual({
      ...{ found: 'sent', providerId: (came as { providerId: string }).providerId },
    });
  });

  it('is sent from the line that is wanted', async () => {
    const { url, key } = gateway;
    await createKavenegar({ url, key, sender: '10004346' }).send(message());
    expect(gateway.asked.at(-1)).toMatchObject({ sender: '10004346' });
  });

  it.each<[Answer, object]>([
    [411, { came: 'undeliverable', reason: 'kavenegar-411' }],
    [413, { came: 'refused', reason: 'kavenegar-413' }],
    [422, { came: 'refused', reason: 'kavenegar-422' }],
    [402, { came: 'not-now', reason: 'kavenegar-402', needsSomebody: false }],
    [407, { came: 'not-now', reason: 'kavenegar-407', needsSomebody: true }],
    [409, { came: 'not-now', reason: 'kavenegar-409', needsSomebody: false }],
    [412, { came: 'not-now', reason: 'kavenegar-412', needsSomebody: true }],
    [418, { came: 'not-now', reason: 'kavenegar-418', needsSomebody: true }],
    [500, { came: 'not-now', reason: 'kavenegar-500', needsSomebody: false }],
    [{ page: 502 }, { came: 'unknown', reason: 'http-502' }],
    [{ page: 200 }, { came: 'unknown', reason: 'http-200' }],
    ['hang', { came: 'unknown', reason: 'timeout' }],
    ['cut', { came: 'unknown', reason: 'ECONNRESET' }],
  ])('answered with %j comes to %j', async (answer, came) => {
    gateway.next(answer);
    expect(await driver.send(message())).toEqual(came);
  });

  it('is not taken to be heard where nobody listens', async () => {
    const gone = await startGateway();
    await gone.close();
    const nobody = createKavenegar({ url: gone.url, key: gone.key, sender: '' });
    expect(await nobody.send(message())).toEqual({
      ...{ came: 'not-now', reason: 'ECONNREFUSED', needsSomebody: false },
    });
  });

  it('with a wrong key waits for somebody, and no answer quotes the key', async () => {
    const wrong = createKavenegar({ url: gateway.url, key: 'Wrong/Key', sender: '' });
    const came = await wrong.send(message());
    expect(came).toEqual({ came: 'not-now', reason: 'kavenegar-403', needsSomebody: true });
    expect(JSON.stringify(came)).not.toMatch(/Wrong|Key/);
  });
});

describe('a message nobody saw the end of', () => {
  it.each<[Answer, 'sent' | 'nothing']>([
    ['taken-cut', 'sent'],
    ['taken-hang', 'sent'],
    ['taken-half', 'sent'],
    ['cut', 'nothing'],
    ['hang', 'nothing'],
  ])('%s: the gateway says %s', async (answer, found) => {
    const one = message();
    gateway.next(answer);
    expect(await driver.send(one)).toMatchObject({ came: 'unknown' });
    expect(await driver.find(one.id)).toMatchObject({ found });
  });

  it('stays so while the gateway does not tell; where it refuses to, the message is sent again', async () => {
    const one = message();
    await driver.send(one);
    gateway.nextLook('cut', { page: 502 }, 407);
    expect(await driver.find(one.id)).toMatchObject({ found: 'unknown' });
    expect(await driver.find(one.id)).toEqual({ found: 'unknown', reason: 'http-502' });
    expect(await driver.find(one.id)).toEqual({ found: 'nothing' });
  });
});
