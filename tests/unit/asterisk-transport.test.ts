import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createTransport, type Transport } from '../../src/asterisk/transport.ts';
import { systemClock } from '../../src/clock.ts';

/** A server that misbehaves as it is told: what no healthy Asterisk would do for a test. */
type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(answer: Answer): Promise<{ transport: Transport; requests: () => number }> {
  let requests = 0;
  const server = createServer((request, response) => answer(request, response, ++requests));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  const transport = createTransport({
    origin: `http://127.0.0.1:${address.port}`,
    username: 'clinic',
    password: 'a-secret',
    timeoutMs: 300,
    clock: systemClock,
  });
  closing.push(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { transport, requests: () => requests };
}

const textOf = async (data: Promise<Uint8Array>): Promise<string> => Buffer.from(await data).toString();

describe('a request', () => {
  test('carries method, body and credentials, and brings back what was said', async () => {
    const { transport } = await serve((request, response) => {
      const { method, url, headers } = request;
      request.on('data', () => undefined);
      request.on('end', () =>
        response.end(JSON.stringify([method, url, headers.authorization, headers['content-type']])),
      );
    });
    const authorization = `Basic ${Buffer.from('clinic:a-secret').toString('base64')}`;
    expect(JSON.parse(await textOf(transport.send('PUT', '/ari/x?a=b', '{}')))).toEqual([
      'PUT',
      '/ari/x?a=b',
      authorization,
      'application/json',
    ]);
    expect(JSON.parse(await textOf(transport.send('GET', '/ari/x')))).toEqual([
      'GET',
      '/ari/x',
      authorization,
      null,
    ]);
  });

  test.each([
    ['{"message":"Channel not found"}', 'Channel not found'],
    ['{"error":"Allocation failed"}', 'Allocation failed'],
    ['<html>no page</html>', ''],
    ['{"message":7}', ''],
    ['null', ''],
  ])(
    'that is refused with %s tells status, place and reason, but neither query nor password',
    async (body, reason) => {
      const { transport } = await serve((_request, response) => response.writeHead(404).end(body));
      const fault: unknown = await transport
        .send('DELETE', '/ari/channels/x?reason=09121234567')
        .catch((error: unknown) => error);
      expect(fault).toMatchObject({
        code: 'ari-refused',
        status: 404,
        method: 'DELETE',
        path: '/ari/channels/x',
        reason,
      });
      expect(JSON.stringify(fault) + String(fault)).not.toMatch(/0912|a-secret/);
    },
  );

  test('without an answer is late, asked once, and its connection is closed', async () => {
    const closed: Promise<unknown>[] = [];
    const { transport, requests } = await serve((request) => {
      closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
    });
    await expect(transport.send('POST', '/ari/x')).rejects.toMatchObject({ code: 'ari-timeout' });
    await Promise.all(closed);
    expect(requests()).toBe(1);
  });

  test('whose answer stops half-way is late, too', async () => {
    const { transport } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
    });
    await expect(transport.send('GET', '/ari/x')).rejects.toMatchObject({ code: 'ari-timeout' });
  });

  test('that meets a connection closed while idle is asked once more, on another', async () => {
    const { transport, requests } = await serve((request, response, nth) => {
      if (nth === 2) request.socket.destroy();
      else response.end('well');
    });
    expect(await textOf(transport.send('GET', '/ari/x'))).toBe('well');
    expect(await textOf(transport.send('GET', '/ari/x'))).toBe('well');
    expect(requests()).toBe(3);
  });

  test('whose fresh connection breaks off is not asked again: Asterisk may have acted', async () => {
    const { transport, requests } = await serve((request) => request.socket.destroy());
    await expect(transport.send('POST', '/ari/x')).rejects.toMatchObject({
      code: 'ari-unreachable',
      path: '/ari/x',
    });
    expect(requests()).toBe(1);
  });

  test('to nobody says so', async () => {
    const { transport } = await serve((_request, response) => response.end());
    const nobody = createTransport({
      origin: 'http://127.0.0.1:1',
      username: 'u',
      password: 'p',
      timeoutMs: 300,
      clock: systemClock,
    });
    await expect(nobody.send('GET', '/ari/x')).rejects.toMatchObject({ code: 'ari-unreachable' });
    expect(await textOf(transport.send('GET', '/ari/x'))).toBe('');
    nobody.close();
  });
});
