import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { exchange, openLine, type Line } from '../support/exchange.ts';
import { recordingLog } from '../support/silent-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

const proxies: TcpProxy[] = [];
const lines: Line[] = [];

afterEach(async () => {
  await Promise.all(lines.splice(0).map(({ telephony }) => telephony.close()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

async function wire(): Promise<TcpProxy & { url: string }> {
  const ari = new URL(exchange().ari.url);
  const proxy = await startTcpProxy({ host: ari.hostname, port: Number(ari.port) });
  proxies.push(proxy);
  return { ...proxy, url: `http://127.0.0.1:${proxy.port}` };
}

function line(settings: Parameters<typeof openLine>[0]): Line {
  const opened = openLine(settings);
  lines.push(opened);
  return opened;
}

describe('the link', () => {
  test('is ready once its own event has come back, and serves requests from within the ready call', async () => {
    const { telephony, ready, events } = line({});
    expect(telephony.link()).toBe('down');
    const asked = new Promise((resolve) =>
      telephony.onLink((state) => state === 'ready' && resolve(telephony.asteriskInfo())),
    );
    await ready();
    expect(telephony.link()).toBe('ready');
    expect(await asked).toMatchObject({ version: expect.stringMatching(/^22\./) as string });
    expect(events.filter((event) => 'channelId' in event)).toEqual([]);
  });

  test('a request without a link is refused at once', async () => {
    const proxy = await wire();
    proxy.refuse(true);
    const { telephony } = line({ url: proxy.url });
    await expect(telephony.channels()).rejects.toMatchObject({ code: 'link-down' });
  });

  test('a cut connection is down at once and ready again, not sooner than 100 ms', async () => {
    const proxy = await wire();
    const { telephony, links, ready } = line({ url: proxy.url });
    await ready();
    let downAt = 0;
    let readyAt = 0;
    telephony.onLink((state) =>
      state === 'down' ? (downAt = performance.now()) : (readyAt = performance.now()),
    );
    const cutAt = performance.now();
    proxy.cut();
    await ready(2);
    expect(links).toEqual(['ready', 'down', 'ready']);
    expect(downAt - cutAt).toBeLessThan(5000);
    expect(readyAt - downAt).toBeGreaterThanOrEqual(99);
    expect(readyAt - downAt).toBeLessThan(20_000);
  });

  test('it comes back however long Asterisk is away', async () => {
    const proxy = await wire();
    const { ready, links } = line({ url: proxy.url });
    await ready();
    const before = proxy.made();
    proxy.refuse(true);
    proxy.cut();
    // ari-client itself gives up after ten.
    await waitFor(() => proxy.made() - before > 11, 20_000);
    proxy.refuse(false);
    await ready(2);
    expect(links).toEqual(['ready', 'down', 'ready']);
  });

  test('a half-open connection is noticed by the missing echo', async () => {
    const proxy = await wire();
    const { links, ready } = line({
      url: proxy.url,
      echoEveryMs: 200,
      echoDeadlineMs: 300,
      openTimeoutMs: 300,
    });
    await ready();
    const since = performance.now();
    proxy.swallow(true);
    await waitFor(() => links.includes('down'));
    expect(performance.now() - since).toBeLessThan(20_000);
    proxy.swallow(false);
    await ready(2);
  });

  test('a socket that opens and stays deaf is never ready', async () => {
    const proxy = await wire();
    // Its WebSocket opens, but no request gets an answer, hence no echo.
    proxy.stallRequests(true);
    const { telephony, ready } = line({ url: proxy.url, requestTimeoutMs: 200, echoDeadlineMs: 200 });
    await waitFor(() => proxy.made() > 2);
    expect(telephony.link()).toBe('down');
    proxy.stallRequests(false);
    await ready();
  });

  test('a request that gets no answer ends with its time-out, and its connection is not kept', async () => {
    const proxy = await wire();
    const { telephony, ready } = line({ url: proxy.url, requestTimeoutMs: 250, echoEveryMs: 60_000 });
    await ready();
    proxy.stallRequests(true);
    const begun = performance.now();
    const fault = await telephony.hangup('nobody').catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'ari-timeout', method: 'DELETE', path: '/ari/channels/nobody' });
    expect(performance.now() - begun).toBeLessThan(15_000);
    proxy.stallRequests(false);
    expect(await telephony.hangup('nobody')).toBe('gone');
  });

  test('unknown events, bad JSON and events without their parts are passed over, and what follows is told', async () => {
    const proxy = await wire();
    const { telephony, event, links, ready } = line({ url: proxy.url, app: 'test-injected' });
    await ready();
    const before = telephony.counts();
    proxy.inject('{"type":"SomethingNew","channel":{"id":"x"}}');
    proxy.inject('{not json');
    proxy.inject('[]');
    proxy.inject('{"type":"ChannelDtmfReceived","application":"test-injected","digit":"5"}');
    proxy.inject(
      '{"type":"ChannelDtmfReceived","application":"test-injected","digit":"5","channel":{"id":"x"},"timestamp":"2026-11-23T08:00:00.250+0330"}',
    );
    expect(await event('digit')).toEqual({
      type: 'digit',
      channelId: 'x',
      digit: '5',
      at: Date.parse('2026-11-23T04:30:00.250Z'),
    });
    const after = telephony.counts();
    expect(after.malformed - before.malformed).toBe(2);
    expect(after.ignored - before.ignored).toBe(2);
    expect(links).toEqual(['ready']);
  });

  test('a listener that throws keeps neither the others nor the link from going on', async () => {
    const proxy = await wire();
    const { log, lines: said } = recordingLog();
    const { telephony, event, ready } = line({ url: proxy.url, log, app: 'test-listeners' });
    telephony.onLink(() => {
      throw new Error('a fault of a room');
    });
    telephony.onEvent(() => {
      throw new Error('a fault of a room');
    });
    await ready();
    const heard: string[] = [];
    const stop = telephony.onEvent(({ type }) => heard.push(type));
    proxy.inject('{"type":"StasisEnd","application":"test-listeners","channel":{"id":"x"}}');
    await event('channel-left');
    expect(heard).toContain('channel-left');
    expect(said.filter(({ msg }) => msg === 'listener.failed').length).toBeGreaterThanOrEqual(2);
    stop();
    proxy.inject('{"type":"StasisEnd","application":"test-listeners","channel":{"id":"y"}}');
    await event('channel-left', ({ channelId }) => channelId === 'y');
    expect(heard.filter((type) => type === 'channel-left')).toHaveLength(1);
  });

  test('another process under the same name ends this link for good', async () => {
    const { log, lines: said } = recordingLog();
    const app = `test-${randomUUID()}`;
    const first = line({ app, log, echoEveryMs: 200 });
    await first.ready();
    let replaced = 0;
    first.telephony.onReplaced(() => replaced++);
    const second = line({ app, url: (await wire()).url, echoEveryMs: 200 });
    await second.ready();
    await waitFor(() => replaced === 1);
    expect(first.telephony.link()).toBe('down');
    expect(said).toContainEqual(expect.objectContaining({ msg: 'link.replaced', level: 40 }));
    // It does not come back and take the name again: the second stays, and its echoes still arrive.
    const requests = second.telephony.counts().requests;
    await waitFor(() =>
      second.telephony.asteriskInfo().then(() => second.telephony.counts().requests > requests + 20),
    );
    expect(first.links).toEqual(['ready', 'down']);
    expect(second.links).toEqual(['ready']);
  });

  test('a socket of its own, given up and opened long after, does not end it', async () => {
    const proxy = await wire();
    const { telephony, links, ready } = line({ url: proxy.url, openTimeoutMs: 300, echoDeadlineMs: 300 });
    await ready();
    let replaced = 0;
    telephony.onReplaced(() => replaced++);
    proxy.freeze(true);
    const before = proxy.made();
    proxy.cut();
    await waitFor(() => proxy.made() - before >= 3);
    proxy.freeze(false, 1500);
    await ready(2);
    // The late ones take the name, and it is taken back.
    await ready(3);
    await waitFor(async () => telephony.link() === 'ready' && (await telephony.trust()));
    expect(links.filter((state) => state === 'ready').length).toBeGreaterThanOrEqual(3);
    expect(replaced).toBe(0);
  });

  test('two hundred reconnections leave no listener, socket or timer behind', async () => {
    const proxy = await wire();
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const { telephony, links, ready } = line({ url: proxy.url });
    const stop = telephony.onLink((state) => state === 'ready' && setImmediate(() => proxy.cut()));
    await waitFor(() => links.filter((state) => state === 'ready').length >= 200, 110_000);
    stop();
    await ready(201);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    // The socket itself, and the connection its echo was asked for on.
    expect(proxy.open()).toBeLessThanOrEqual(2);
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    expect(timers).toBeLessThan(20);
  });

  test('a wrong password is told in the log without the password, and nothing is ready', async () => {
    const { log, lines: said } = recordingLog();
    const { telephony } = line({ url: (await wire()).url, log, password: 'not-the-password-1' });
    await waitFor(() => said.some(({ msg }) => msg === 'link.lost'));
    expect(telephony.link()).toBe('down');
    expect(JSON.stringify(said)).toContain('401');
    expect(JSON.stringify(said)).not.toContain('not-the-password-1');
  });

  test('closing ends it while it is connecting, proving or ready', async () => {
    const proxy = await wire();
    proxy.swallow(true);
    const connecting = line({ url: proxy.url });
    await waitFor(() => proxy.open() === 1);
    await connecting.telephony.close();
    await waitFor(() => proxy.open() === 0);
    proxy.swallow(false);
    proxy.stallRequests(true);
    const proving = line({ url: proxy.url });
    await waitFor(() => proxy.open() === 2);
    await proving.telephony.close();
    await waitFor(() => proxy.open() === 0);
    expect(connecting.links).toEqual([]);
    expect(proving.links).toEqual([]);
    lines.length = 0;
  });
});
