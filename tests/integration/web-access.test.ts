import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../src/staff/rules.ts';
import { allow } from '../../src/web/access.ts';
import { closed } from '../../src/web/schemas.ts';
import { PASSWORD, problemIn, startWeb, type TestWeb } from '../support/web.ts';

/** A door of its own, so that what is tested is the house's order and not one room's. */
let handled = 0;
const door: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const schema = {
    body: closed({ size: Type.Integer() }),
    response: { 200: Type.Object({ size: Type.Integer() }) },
  };
  app.post('/door', { config: { access: allow('supervisor') }, schema }, (request) => {
    handled += 1;
    return request.body;
  });
  done();
};

let web: TestWeb;
const tokens = {} as Record<Role, string>;
beforeAll(async () => {
  web = await startWeb({ rooms: [door] });
  for (const role of ROLES) tokens[role] = (await web.signIn(role)).token;
});
afterAll(() => web.close());

const send = (payload: unknown, headers: Record<string, string> = {}, cookies: Record<string, string> = {}) =>
  web.app.inject({ method: 'POST', url: '/api/v1/door', payload: payload as object, headers, cookies });
const bearer = (role: Role) => ({ authorization: `Bearer ${tokens[role]}` });

describe('who you are, what you may do, and only then what you sent', () => {
  const bodies: [string, unknown, Record<string, string>][] = [
    ['a good body', { size: 1 }, {}],
    ['a bad body', { size: 'x' }, {}],
    ['a body that is no JSON', '{"size"', { 'content-type': 'application/json' }],
    ['a body of an unknown kind', '<size/>', { 'content-type': 'text/xml' }],
    ['a body beyond the limit', { size: 'x'.repeat(300_000) }, {}],
  ];

  it.each(bodies)('%s: 401 to a stranger', async (_name, body, headers) => {
    expect(problemIn(await send(body, headers))).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it.each(bodies)('%s: 403 to a foreign role', async (_name, body, headers) => {
    const response = await send(body, { ...headers, ...bearer('expert') });
    expect(problemIn(response)).toMatchObject({ status: 403, code: 'role-insufficient' });
  });

  it('then 200, 400, 400, 415, 413 to who may', async () => {
    const answers = [];
    for (const [, body, headers] of bodies)
      answers.push(await send(body, { ...headers, ...bearer('supervisor') }));
    expect(answers.map((answer) => answer.statusCode)).toEqual([200, 400, 400, 415, 413]);
    expect(answers.slice(1).map((answer) => problemIn(answer).code)).toEqual([
      'validation-failed',
      'json-malformed',
      'media-type-unsupported',
      'body-too-large',
    ]);
  });

  it('lets in exactly the role asked for and the one above it', async () => {
    const passed: Role[] = [];
    for (const role of ROLES)
      if ((await send({ size: 1 }, bearer(role))).statusCode === 200) passed.push(role);
    expect(passed).toEqual(['admin', 'supervisor']);
  });

  it('an expired token is a 401 before a foreign role is a 403', async () => {
    const other = await startWeb({ rooms: [door] });
    try {
      const { token } = await other.signIn('expert');
      other.advance(13 * 3_600_000);
      const response = await other.as(token, { method: 'POST', url: '/api/v1/door', payload: { size: 'x' } });
      expect(problemIn(response)).toMatchObject({ status: 401, code: 'session-expired' });
    } finally {
      await other.close();
    }
  });

  it('a server with a route that does not say who may use it does not start', async () => {
    const forgetful: FastifyPluginCallbackTypebox = (app, _options, done) => {
      app.get('/forgotten', () => 'open to all');
      done();
    };
    await expect(startWeb({ rooms: [forgetful] })).rejects.toThrow('/api/v1/forgotten');
  });
});

describe('the cookie', () => {
  it('is read by no script, sent by no other site, and carries the session', async () => {
    await web.signIn('supervisor', { username: 'browser' });
    const payload = { username: 'browser', password: PASSWORD };
    const response = await web.app.inject({ method: 'POST', url: '/api/v1/session', payload });
    const [cookie] = response.cookies;
    expect(cookie).toMatchObject({ name: 'clinic-session', path: '/', httpOnly: true, sameSite: 'Strict' });
    expect(cookie!.secure).toBeUndefined();
    expect(cookie!.value).toBe(response.json<{ token: string }>().token);
    const me = await web.app.inject({ url: '/api/v1/session', cookies: { 'clinic-session': cookie!.value } });
    expect(me.statusCode).toBe(200);
  });

  it('goes over TLS alone where the server is reached by it', async () => {
    const secure = await startWeb({ publicUrl: 'https://clinic.test' });
    try {
      await secure.signIn('supervisor', { username: 'browser' });
      const payload = { username: 'browser', password: PASSWORD };
      const response = await secure.app.inject({ method: 'POST', url: '/api/v1/session', payload });
      expect(response.cookies[0]).toMatchObject({ name: '__Host-clinic-session', secure: true, path: '/' });
      expect(response.headers['strict-transport-security']).toMatch(/^max-age=\d+/);
    } finally {
      await secure.close();
    }
  });

  it('is taken back at sign-out', async () => {
    const { token } = await web.signIn('supervisor');
    const response = await web.app.inject({
      ...{ method: 'DELETE', url: '/api/v1/session', cookies: { 'clinic-session': token } },
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect(response.statusCode).toBe(204);
    expect(response.cookies[0]).toMatchObject({ name: 'clinic-session', value: '' });
    expect(response.cookies[0]!.expires!.getTime()).toBeLessThan(Date.now());
  });

  it.each([
    ['from this site, by what the browser says', { 'sec-fetch-site': 'same-origin' }, 200],
    ['from this origin, by an older browser', { origin: 'http://clinic.test' }, 200],
    ['from another site', { 'sec-fetch-site': 'cross-site', origin: 'http://evil.test' }, 403],
    [
      'from a neighbour subdomain',
      { 'sec-fetch-site': 'same-site', origin: 'http://other.clinic.test' },
      403,
    ],
    ['from another origin, by an older browser', { origin: 'http://evil.test' }, 403],
    ['from another port', { origin: 'http://clinic.test:81' }, 403],
    ['from a sandboxed frame', { origin: 'null' }, 403],
    ['from who does not say', {}, 403],
  ])('vouches for a change sent %s', async (_name, headers, status) => {
    const before = handled;
    const response = await send({ size: 1 }, headers, { 'clinic-session': tokens.supervisor });
    expect(response.statusCode).toBe(status);
    expect(handled - before).toBe(status === 200 ? 1 : 0);
    if (status === 403) expect(problemIn(response).code).toBe('cross-site-request');
  });

  it('leaves reading alone, and the token alone', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const read = await web.app.inject({
      url: '/api/v1/session',
      headers,
      cookies: { 'clinic-session': tokens.supervisor },
    });
    expect(read.statusCode).toBe(200);
    expect((await send({ size: 1 }, { ...headers, ...bearer('supervisor') })).statusCode).toBe(200);
  });

  it('a stale cookie from elsewhere is a 401, not a 403', async () => {
    const response = await send(
      { size: 1 },
      { 'sec-fetch-site': 'cross-site' },
      { 'clinic-session': 'A'.repeat(43) },
    );
    expect(problemIn(response).status).toBe(401);
  });

  it('is not set for a visitor by another site', async () => {
    await web.signIn('auditor', { username: 'attacker' });
    const payload = { username: 'attacker', password: PASSWORD };
    const request = { method: 'POST', url: '/api/v1/session', payload } as const;
    const response = await web.app.inject({ ...request, headers: { 'sec-fetch-site': 'cross-site' } });
    expect(problemIn(response)).toMatchObject({ status: 403, code: 'cross-site-request' });
    expect(response.cookies).toEqual([]);
  });
});
