import type { AddressInfo } from 'node:net';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWeb, type TestWeb } from '../support/web.ts';

let web: TestWeb;
let browser: Browser;
let url: string;
beforeAll(async () => {
  web = await startWeb();
  await web.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(web.app.server.address() as AddressInfo).port}`;
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      ...[
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-sync',
      ],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
});
afterAll(async () => {
  await browser.close();
  await web.close();
});

it('the API’s page shows its operations and asks no other server for anything', async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) =>
    complaints.push(`${request.url()} ${request.failure()?.errorText ?? ''}`),
  );
  page.on('request', (request) => asked.push(request.url()));

  await page.goto(`${url}/api/docs`);
  await page.getByText('Sign in', { exact: true }).first().waitFor();
  await page.getByText('Calls, newest first').waitFor();
  await page.getByText('/api/v1/queues', { exact: false }).first().click();
  await page.getByText('expectedWait').first().waitFor();

  expect(complaints).toEqual([]);
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.filter((address) => !address.startsWith(url) && !address.startsWith('data:'))).toEqual([]);
  await page.close();
});

it('a browser that signs in keeps a session no script can read', async () => {
  await web.signIn('supervisor', { username: 'browser-user' });
  const page = await browser.newPage();
  await page.goto(`${url}/api/docs`);
  const seen = await page.evaluate(async () => {
    const send = (method: string, body?: object) =>
      fetch('/api/v1/session', {
        method,
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    const entered = await send('POST', { username: 'browser-user', password: 'a long enough password' });
    const me = await send('GET');
    const script = (globalThis as unknown as { document: { cookie: string } }).document.cookie;
    const left = await send('DELETE');
    const after = await send('GET');
    return { statuses: [entered.status, me.status, left.status, after.status], script };
  });
  expect(seen).toEqual({ statuses: [200, 200, 204, 401], script: '' });
  await page.close();
});
