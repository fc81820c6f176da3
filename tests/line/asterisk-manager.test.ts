import { afterEach, expect, test, vi } from 'vitest';
import { createManager, type Manager } from '../../src/asterisk/manager.ts';
import { closePhones, dialClinic } from '../support/phones.ts';
import { exchange } from '../support/exchange.ts';
import { recordingLog, silentLog } from '../support/silent-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await closePhones();
  for (const each of open.splice(0)) await each.close();
});

async function wire(): Promise<TcpProxy> {
  const proxy = await startTcpProxy(exchange().ami);
  open.push(proxy);
  return proxy;
}

function manager(settings: Partial<Parameters<typeof createManager>[0]> = {}): {
  manager: Manager;
  boots: () => number;
} {
  const made = createManager({ ...exchange().ami, log: silentLog, ...settings });
  let boots = 0;
  made.onBooted(() => boots++);
  open.unshift(made);
  return { manager: made, boots: () => boots };
}

test('tells that Asterisk is up, with a connection that can be used at once', async () => {
  const { manager: ami, boots } = manager();
  const state = new Promise((resolve) => ami.onBooted(() => resolve(ami.link())));
  expect(await state).toBe('ready');
  expect(boots()).toBe(1);
});

test('comes back after a cut, told as up again', async () => {
  const proxy = await wire();
  const { manager: ami, boots } = manager({ port: proxy.port });
  await waitFor(() => boots() === 1);
  proxy.cut();
  await waitFor(() => ami.link() === 'down');
  await waitFor(() => boots() === 2);
  expect(ami.link()).toBe('ready');
});

test('notices a connection that is silent, by its own ping', async () => {
  const proxy = await wire();
  const { manager: ami, boots } = manager({ port: proxy.port, timeoutMs: 200, pingEveryMs: 100 });
  await waitFor(() => boots() === 1);
  proxy.swallow(true);
  await waitFor(() => ami.link() === 'down');
  proxy.swallow(false);
  await waitFor(() => boots() === 2);
});

test('an action without an answer ends with its time-out', async () => {
  const proxy = await wire();
  const { manager: ami, boots } = manager({ port: proxy.port, timeoutMs: 200, pingEveryMs: 60_000 });
  await waitFor(() => boots() === 1);
  proxy.swallow(true);
  await expect(ami.redirect('PJSIP/nobody-00000001', 'somewhere', 's', 1)).rejects.toMatchObject({
    code: 'ami-timeout',
  });
});

test('redirecting a channel that is not there says so', async () => {
  const { manager: ami, boots } = manager();
  await waitFor(() => boots() === 1);
  expect(await ami.redirect('PJSIP/nobody-00000001', 'somewhere', 's', 1)).toBe('gone');
});

test('a value with a line break is refused and nothing is sent', async () => {
  const { manager: ami, boots } = manager();
  await waitFor(() => boots() === 1);
  const injected = 'PJSIP/nobody-00000001\r\nAction: Logoff';
  await expect(ami.redirect(injected, 'somewhere', 's', 1)).rejects.toMatchObject({ code: 'value-refused' });
  expect(await ami.redirect('PJSIP/nobody-00000001', 'somewhere', 's', 1)).toBe('gone');
  expect(() => createManager({ ...exchange().ami, username: 'a\r\nb', log: silentLog })).toThrow(
    'control character',
  );
});

test('without a connection an action is refused at once, never kept for later', async () => {
  const proxy = await wire();
  proxy.refuse(true);
  const { manager: ami } = manager({ port: proxy.port });
  await expect(ami.redirect('PJSIP/x', 'somewhere', 's', 1)).rejects.toMatchObject({ code: 'link-down' });
});

test('a wrong password is told without it, tried again for ever, and nothing is printed', async () => {
  const proxy = await wire();
  const { log, lines } = recordingLog();
  let printed = 0;
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const { manager: ami } = manager({ port: proxy.port, password: 'not-the-password-3', log });
    await waitFor(() => proxy.made() >= 2, 20_000);
    expect(ami.link()).toBe('down');
  } finally {
    printed = print.mock.calls.length;
    print.mockRestore();
  }
  expect(printed).toBe(0);
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'manager.lost' }));
  expect(JSON.stringify(lines)).not.toContain('not-the-password-3');
});

test('fifty cuts leave no connection and no warning behind', async () => {
  const proxy = await wire();
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  const { manager: ami, boots } = manager({ port: proxy.port });
  const stop = ami.onBooted(() => setImmediate(() => proxy.cut()));
  await waitFor(() => boots() >= 50, 60_000);
  stop();
  await waitFor(() => boots() >= 51);
  process.off('warning', warned);
  expect(warnings).toEqual([]);
  expect(proxy.open()).toBe(1);
});

test('lists the channels there are, and keeps variables of the whole dialplan', async () => {
  const { manager: ami, boots } = manager();
  await waitFor(() => boots() === 1);
  expect(await ami.readGlobal('CLINIC_TEST_NEVER_SET')).toBe('');
  await ami.setGlobal('CLINIC_TEST', 'calls.17');
  expect(await ami.readGlobal('CLINIC_TEST')).toBe('calls.17');
  expect(await ami.channels()).toEqual([]);
  const call = await dialClinic({ number: '137', digits: '' });
  // The menu of 137 is the dialplan's own.
  await waitFor(async () => (await ami.channels()).some(({ application }) => application === 'Read'));
  const [channel] = await ami.channels();
  expect(channel?.name).toMatch(/^PJSIP\/trunk-137-/);
  expect(channel?.bridgeId).toBeNull();
  void call.hangup();
  await waitFor(async () => (await ami.channels()).length === 0);
});

test('a list without an end ends with its time-out, and nothing of it stays behind', async () => {
  const proxy = await wire();
  const { manager: ami, boots } = manager({ port: proxy.port, timeoutMs: 200, pingEveryMs: 60_000 });
  await waitFor(() => boots() === 1);
  proxy.swallow(true);
  await expect(ami.channels()).rejects.toMatchObject({ code: 'ami-timeout' });
});
