import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fault } from '../../src/platform/fault.ts';
import { allow } from '../../src/web/access.ts';
import { closed } from '../../src/web/schemas.ts';
import { HEARTBEAT_KEY } from '../../src/web/readiness.ts';
import { problemIn, startWeb, type TestWeb } from '../support/web.ts';

const SECRET = 'postgres://clinic:hunter2@10.0.0.5/clinic';
const faults: Record<string, () => Error> = {
  unknown: () => new Error(`cannot reach ${SECRET}`),
  'not-an-error': () => ({ statusCode: 'x', password: SECRET }) as unknown as Error,
  command: () => fault('command-timeout', 'calls did not answer'),
  refused: () => Object.assign(new Error(`connect ECONNREFUSED ${SECRET}`), { code: 'ECONNREFUSED' }),
};
const breaking: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const params = closed({ kind: Type.String() });
  app.get('/break/:kind', { config: { access: 'anyone' }, schema: { params } }, ({ params: { kind } }) => {
    throw faults[kind]!();
  });
  const body = closed({ names: Type.Array(closed({ 'a/b~c': Type.Integer() }), { maxItems: 3 }) });
  app.post('/names', { config: { access: allow('admin') }, schema: { body } }, () => ({ done: true }));
  done();
};

let web: TestWeb;
let admin: string;
let port: number;
beforeAll(async () => {
  web = await startWeb({ rooms: [breaking] });
  admin = (await web.signIn('admin')).token;
  await web.app.listen({ host: '127.0.0.1', port: 0 });
  port = (web.app.server.address() as AddressInfo).port;
});
afterAll(() => web.close());

/** What the server says on a bare socket until it closes it. */
function talk(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => (heard += data.toString()));
    socket.on('close', () => resolve(heard));
    // The server may cut the line while we still send: what it said before counts.
    socket.on('error', (error) => (heard === '' ? reject(error) : resolve(heard)));
  });
}

describe('errors', () => {
  it('are problem documents, with the id under which the log has them', async () => {
    const response = await web.app.inject({ url: '/api/v1/break/unknown' });
    expect(response.statusCode).toBe(500);
    const document = problemIn(response);
    expect(document).toEqual({
      type: 'urn:clinic-137:problem:internal-error',
      title: 'Internal Server Error',
      status: 500,
      code: 'internal-error',
      instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/) as string,
    });
    const line = web.logged.find((entry) => `urn:uuid:${String(entry['reqId'])}` === document.instance);
    expect(JSON.stringify(line)).toContain('hunter2');
    expect(line).toMatchObject({ msg: 'request.failed', level: 50 });
  });

  it.each([
    ['not-an-error', 500, 'internal-error'],
    ['command', 503, 'command-timeout'],
    ['refused', 503, 'store-unavailable'],
  ])('of kind %s: %i, without internals', async (kind, status, code) => {
    const response = await web.app.inject({ url: `/api/v1/break/${kind}` });
    expect(problemIn(response)).toMatchObject({ status, code });
    expect(response.body).not.toContain('hunter2');
    expect(response.headers['retry-after']).toBe(status === 503 ? '2' : undefined);
  });

  it('say where an unknown address is, and which methods a known one takes', async () => {
    expect(problemIn(await web.app.inject({ url: '/nowhere' }))).toMatchObject({
      status: 404,
      code: 'not-found',
    });
    expect(problemIn(await web.app.inject({ url: '/api/v1/calls/x/y' })).status).toBe(404);
    const wrong = await web.app.inject({ method: 'POST', url: '/api/v1/calls?limit=1' });
    expect(problemIn(wrong)).toMatchObject({ status: 405, code: 'method-not-allowed' });
    expect(wrong.headers['allow']).toBe('GET, HEAD');
  });

  it('point into the body, also past names with signs in them, and are not endless', async () => {
    const send = (payload: object) => web.as(admin, { method: 'POST', url: '/api/v1/names', payload });
    const document = problemIn(await send({ names: [{ 'a/b~c': 1 }, { 'a/b~c': 'x' }] }));
    expect(document.errors).toEqual([expect.objectContaining({ in: 'body', pointer: '#/names/1/a~1b~0c' })]);
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, index]));
    expect(problemIn(await send(many)).errors!.length).toBeLessThanOrEqual(20);
    const half = await send({ '\ud800': 1, names: [] });
    expect(problemIn(half).errors).toContainEqual(expect.objectContaining({ pointer: '#/%EF%BF%BD' }));
  });

  it.each([
    ['a prototype in the JSON', '{"__proto__": {"admin": true}, "names": []}'],
    ['a constructor in the JSON', '{"constructor": {"prototype": {"admin": true}}, "names": []}'],
    ['no JSON', 'names=1'],
    ['half a JSON', '{"names": ['],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['JSON nested beyond measure', `{"names": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  ])('answer %s with 400', async (_name, payload) => {
    const headers = { 'content-type': 'application/json' };
    const response = await web.as(admin, { method: 'POST', url: '/api/v1/names', payload, headers });
    expect(problemIn(response).status).toBe(400);
  });

  it('answer an address that cannot be read with 400', async () => {
    expect(problemIn(await web.app.inject({ url: '/api/v1/calls/%E0%A4%A' }))).toMatchObject({
      status: 400,
      code: 'url-malformed',
    });
    expect(
      problemIn(await web.as(admin, { url: `/api/v1/calls/${'x'.repeat(200)}` })).status,
    ).toBeGreaterThanOrEqual(400);
  });
});

describe('over a real socket', () => {
  it('a body of ten megabytes is refused without being read, and the line is cut', async () => {
    const head = `POST /api/v1/names HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${admin}\r\ncontent-type: application/json\r\n`;
    const said = await talk(`${head}content-length: 10485760\r\n\r\n${'x'.repeat(100_000)}`);
    expect(said).toMatch(/^HTTP\/1.1 413 /);
    expect(said).toContain('"code":"body-too-large"');
    expect(said).toMatch(/connection: close/i);
  });

  it('ten megabytes in pieces without a length are refused too', async () => {
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = `POST /api/v1/names HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${admin}\r\ncontent-type: application/json\r\n`;
    const said = await talk(`${head}transfer-encoding: chunked\r\n\r\n${piece.repeat(8)}`);
    expect(said).toMatch(/^HTTP\/1.1 413 /);
  });

  it('what is not HTTP, and a head that is too long, get a problem document', async () => {
    const nonsense = await talk('HELLO THERE\r\n\r\n');
    expect(nonsense).toMatch(/^HTTP\/1.1 400 [\s\S]*"code":"request-malformed"/);
    const long = await talk(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(long).toMatch(/^HTTP\/1.1 431 [\s\S]*"code":"headers-too-large"/);
  });

  it('nothing tells what the server is made of', async () => {
    const said = await talk('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(said).toMatch(/^HTTP\/1.1 200 OK/);
    expect(said).not.toMatch(/^(server|x-powered-by):/im);
  });
});

describe('every answer', () => {
  it.each([
    ['/healthz', 200],
    ['/api/v1/session', 401],
    ['/nowhere', 404],
    ['/api/v1/break/unknown', 500],
  ])('%s (%i) tells browsers to be careful', async (url, status) => {
    const response = await web.app.inject({ url });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'") as string,
    });
    if (url.startsWith('/api/v1')) expect(response.headers['cache-control']).toBe('no-store');
  });
});

describe('probes', () => {
  const beat = (parts: Record<string, boolean>) =>
    web.redis.set(HEARTBEAT_KEY, JSON.stringify({ parts }), 'PX', 60_000);

  it('say alive without asking anything', async () => {
    expect((await web.app.inject({ url: '/healthz' })).json()).toEqual({ status: 'alive' });
  });

  it('say ready when every part is, and which part is not', async () => {
    await beat({ asterisk: true, routing: true });
    const ready = await web.app.inject({ url: '/readyz' });
    expect(ready.statusCode).toBe(200);
    const all = { postgres: true, redis: true, calls: true, 'calls.asterisk': true, 'calls.routing': true };
    expect(ready.json()).toEqual({ status: 'ready', parts: all });

    await beat({ asterisk: false, routing: true });
    const broken = problemIn(await web.app.inject({ url: '/readyz' }));
    expect(broken).toMatchObject({
      status: 503,
      code: 'not-ready',
      detail: 'Not ready: calls, calls.asterisk.',
    });
    expect(broken.parts).toEqual({ ...all, calls: false, 'calls.asterisk': false });
  });

  it.each([
    ['is silent', null],
    ['talks nonsense', '{"parts":'],
    ['says something else', '{"parts":{"asterisk":"yes"}}'],
  ])('say not ready when the role calls %s', async (_name, value) => {
    if (value === null) await web.redis.del(HEARTBEAT_KEY);
    else await web.redis.set(HEARTBEAT_KEY, value);
    const document = problemIn(await web.app.inject({ url: '/readyz' }));
    expect(document.parts).toEqual({ postgres: true, redis: true, calls: false });
  });

  it('name the store that is away, and stay alive', async () => {
    const alone = await startWeb({ redisUrl: 'redis://127.0.0.1:1' });
    try {
      const response = await alone.app.inject({ url: '/readyz' });
      expect(problemIn(response).parts).toEqual({ postgres: true, redis: false, calls: false });
      await alone.pool.end();
      expect(problemIn(await alone.app.inject({ url: '/readyz' })).parts).toMatchObject({ postgres: false });
      expect((await alone.app.inject({ url: '/healthz' })).statusCode).toBe(200);
    } finally {
      alone.redis.disconnect();
      await alone.app.close();
    }
  });

  it('give figures by route and not by address', async () => {
    const id = '01890000-0000-7000-8000-0000000000aa';
    await web.as(admin, { url: `/api/v1/calls/${id}` });
    const response = await web.app.inject({ url: '/metrics' });
    expect(response.headers['content-type']).toMatch(/^text\/plain/);
    expect(response.body).toMatch(
      /clinic_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/calls\/:id",status="404"\} 1/,
    );
    expect(response.body).toContain('process_cpu_seconds_total');
    expect(response.body).not.toContain(id);
  });
});
