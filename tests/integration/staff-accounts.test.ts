import { TOTP, Secret } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from '../../src/platform/sql.ts';
import { ROLES } from '../../src/staff/rules.ts';
import { addExpert, PASSWORD, problemIn, startWeb, type TestWeb } from '../support/web.ts';

let web: TestWeb;
let admin: string;
let adminId: string;
beforeAll(async () => {
  web = await startWeb();
  const signedIn = await web.signIn('admin', { username: 'root' });
  admin = signedIn.token;
  adminId = signedIn.account.id;
});
afterAll(() => web.close());

let names = 0;
const fresh = (more: object = {}) => ({
  username: `new-${++names}`,
  password: PASSWORD,
  name: 'تازه',
  role: 'editor',
  ...more,
});
const post = (payload: object, headers: Record<string, string> = {}, token = admin) =>
  web.as(token, { method: 'POST', url: '/api/v1/accounts', payload, headers });
const patch = (id: string, payload: object, ifMatch?: string, token = admin) =>
  web.as(token, {
    ...{ method: 'PATCH', url: `/api/v1/accounts/${id}`, payload },
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
  });
const made = async (more: object = {}) =>
  (await post(fresh(more))).json<{ id: string; username: string; version: number }>();
const auditOf = async (subject: string) =>
  (await web.as(admin, { url: `/api/v1/audit?subject=${encodeURIComponent(subject)}` })).json<{
    items: { id: string; action: string; actor: string; at: string; detail: Record<string, unknown> }[];
    next: string | null;
  }>();

describe('adding an account', () => {
  it('answers 201 with its place and version, and no secret', async () => {
    const expertId = await addExpert(web.pool, 'Reza');
    const response = await post(fresh({ role: 'expert', expertId }));
    expect(response.statusCode).toBe(201);
    const account = response.json<{ id: string }>();
    expect(account).toMatchObject({
      role: 'expert',
      expertId,
      active: true,
      secondFactor: false,
      version: 1,
      name: 'تازه',
    });
    expect(JSON.stringify(account)).not.toMatch(/password|hash|\$argon2/);
    expect(response.headers).toMatchObject({ etag: '"v1"', location: `/api/v1/accounts/${account.id}` });
    const read = await web.as(admin, { url: String(response.headers['location']) });
    expect(read.json()).toEqual(account);
    expect(read.headers['etag']).toBe('"v1"');
  });

  it.each([
    ['a taken name, in other letters', { username: 'ROOT' }, 409, 'username-taken'],
    ['an expert without a row', { role: 'expert', expertId: 'e99999' }, 400, 'expert-unknown'],
    ['an expert account of nobody', { role: 'expert' }, 400, 'expert-missing'],
    ['a short password', { password: 'eleven char' }, 400, 'validation-failed'],
    ['an unknown role', { role: 'god' }, 400, 'validation-failed'],
    ['a property it may not set', { active: true }, 400, 'validation-failed'],
    ['another it may not set', { id: '01890000-0000-7000-8000-000000000001' }, 400, 'validation-failed'],
    ['a name of two lines', { name: 'a\nb' }, 400, 'validation-failed'],
  ])('refuses %s', async (_name, more, status, code) => {
    expect(problemIn(await post(fresh(more)))).toMatchObject({ status, code });
  });

  it('gives an expert one account, also to requests at the same moment', async () => {
    const expertId = await addExpert(web.pool, 'Maryam');
    const answers = await Promise.all([1, 2, 3].map(() => post(fresh({ role: 'expert', expertId }))));
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([201, 409, 409]);
    const refused = answers.find((answer) => answer.statusCode === 409)!;
    expect(problemIn(refused).code).toBe('expert-taken');
  });

  it('is for admins', async () => {
    for (const role of ROLES.filter((other) => other !== 'admin')) {
      const { token } = await web.signIn(role);
      expect(problemIn(await post(fresh(), {}, token))).toMatchObject({
        status: 403,
        code: 'role-insufficient',
      });
      expect((await web.as(token, { url: '/api/v1/accounts' })).statusCode).toBe(403);
    }
  });
});

describe('changing an account', () => {
  it('needs the version that was read', async () => {
    const { id } = await made();
    expect(problemIn(await patch(id, { name: 'x' }))).toMatchObject({
      status: 428,
      code: 'precondition-required',
    });
    expect(problemIn(await patch(id, { name: 'x' }, '"v9"'))).toMatchObject({
      status: 412,
      code: 'version-stale',
    });
    expect(problemIn(await patch(id, { name: 'x' }, 'W/"v1"')).status).toBe(412);
    const changed = await patch(id, { name: 'x' }, '"v1"');
    expect(changed.json()).toMatchObject({ name: 'x', version: 2 });
    expect(changed.headers['etag']).toBe('"v2"');
    expect(problemIn(await patch(id, { name: 'y' }, '"v1"')).status).toBe(412);
    expect((await patch(id, { name: 'y' }, '"v7", "v2"')).statusCode).toBe(200);
    expect((await patch(id, { name: 'z' }, '*')).statusCode).toBe(200);
  });

  it('lets one of many at once win', async () => {
    const { id } = await made();
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, n) => patch(id, { name: `n${n}` }, '"v1"')),
    );
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 412, 412, 412, 412]);
  });

  it('checks the body and the id before the version, and the role before both', async () => {
    const { id } = await made();
    expect((await patch(id, { role: 'god' })).statusCode).toBe(400);
    expect((await patch(id, {}, '"v1"')).statusCode).toBe(400);
    expect((await patch('not-an-id', { name: 'x' }, '"v1"')).statusCode).toBe(400);
    expect(problemIn(await patch('01890000-0000-7000-8000-000000000001', { name: 'x' }, '"v1"')).code).toBe(
      'account-not-found',
    );
    const { token } = await web.signIn('supervisor');
    expect((await patch(id, { role: 'god' }, undefined, token)).statusCode).toBe(403);
  });

  it.each([
    ['a new password', { password: 'another long password' }],
    ['another role', { role: 'auditor' }],
    ['a withdrawn right', { active: false }],
  ])('%s ends the sign-ins there are', async (_name, change) => {
    const { account, token } = await web.signIn('reviewer');
    expect((await web.as(token, { url: '/api/v1/session' })).statusCode).toBe(200);
    expect((await patch(account.id, change, '"v1"')).statusCode).toBe(200);
    expect((await web.as(token, { url: '/api/v1/session' })).statusCode).toBe(401);
  });

  it('leaves the admin who asks an admin', async () => {
    const { headers } = await web.as(admin, { url: `/api/v1/accounts/${adminId}` });
    for (const change of [{ active: false }, { role: 'editor' }]) {
      expect(problemIn(await patch(adminId, change, String(headers['etag'])))).toMatchObject({
        status: 409,
        code: 'own-account',
      });
    }
  });

  it('is written down without the password', async () => {
    const { id } = await made();
    await patch(id, { password: 'yet another long one', name: 'new name' }, '"v1"');
    const { items } = await auditOf(`account:${id}`);
    expect(items.map((item) => item.action)).toEqual(['account.changed', 'account.added']);
    expect(items[0]).toMatchObject({
      actor: `account:${adminId}`,
      detail: { name: 'new name', password: true },
    });
    expect(JSON.stringify(items)).not.toContain('yet another');
  });
});

describe('enrolling a second factor', () => {
  it('shows a secret once, with which one then signs in', async () => {
    const { id, username } = await made();
    const url = `/api/v1/accounts/${id}/second-factor`;
    const response = await web.as(admin, { method: 'POST', url });
    expect(response.statusCode).toBe(201);
    const { uri, secret } = response.json<{ uri: string; secret: string }>();
    expect(uri).toMatch(new RegExp(`^otpauth://totp/Clinic:${username}\\?`));
    const account = await web.as(admin, { url: `/api/v1/accounts/${id}` });
    expect(account.json()).toMatchObject({ secondFactor: true });
    expect(account.body).not.toContain(secret);
    expect(JSON.stringify(await auditOf(`account:${id}`))).not.toContain(secret);

    const otp = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: web.now() });
    const enter = (payload: object) => web.app.inject({ method: 'POST', url: '/api/v1/session', payload });
    expect((await enter({ username, password: PASSWORD })).statusCode).toBe(401);
    expect((await enter({ username, password: PASSWORD, otp })).statusCode).toBe(200);
  });

  it('is for admins, of accounts that are there', async () => {
    const { token, account } = await web.signIn('supervisor');
    const enrol = (id: string, as: string) =>
      web.as(as, { method: 'POST', url: `/api/v1/accounts/${id}/second-factor` });
    expect((await enrol(account.id, token)).statusCode).toBe(403);
    expect((await enrol('01890000-0000-7000-8000-000000000001', admin)).statusCode).toBe(404);
  });
});

describe('an Idempotency-Key', () => {
  const keyed = (key: string) => ({ 'idempotency-key': key });

  it('makes one account of a request sent twice, and answers the same', async () => {
    const payload = fresh();
    const first = await post(payload, keyed('k-1'));
    const again = await post(payload, keyed('k-1'));
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    expect(again.headers).toMatchObject({
      location: first.headers['location'],
      etag: first.headers['etag'],
      'idempotency-replayed': 'true',
    });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
  });

  it('refuses another body under the same key', async () => {
    await post(fresh(), keyed('k-2'));
    expect(problemIn(await post(fresh(), keyed('k-2')))).toMatchObject({
      status: 422,
      code: 'idempotency-key-reused',
    });
  });

  it('makes one account of many requests at the same moment', async () => {
    const payload = fresh();
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(payload, keyed('k-3'))));
    const codes = answers.map((answer) => (answer.statusCode === 201 ? 'made' : problemIn(answer).code));
    expect(codes).toContain('made');
    expect(codes.filter((code) => code !== 'made' && code !== 'idempotency-in-progress')).toEqual([]);
    const ids = answers
      .filter((answer) => answer.statusCode === 201)
      .map((answer) => answer.json<{ id: string }>().id);
    expect(new Set(ids).size).toBe(1);
    const { rowCount } = await web.pool.query('select 1 from accounts where username = $1', [
      payload.username,
    ]);
    expect(rowCount).toBe(1);
  });

  it('is free again after a refusal', async () => {
    const payload = fresh({ role: 'expert' });
    expect((await post(payload, keyed('k-4'))).statusCode).toBe(400);
    expect((await post({ ...payload, role: 'editor' }, keyed('k-4'))).statusCode).toBe(201);
  });

  it('is its owner’s own', async () => {
    const other = await web.signIn('admin');
    await post(fresh(), keyed('k-5'));
    expect((await post(fresh(), keyed('k-5'), other.token)).statusCode).toBe(201);
  });

  it('of a request whose process died is refused, so that nothing is made twice', async () => {
    await web.pool.query(
      `insert into idempotency_keys (account_id, route, key, request_hash, created_at)
       select $1, 'POST /api/v1/accounts', 'k-6', request_hash, now() - interval '2 minutes' from idempotency_keys where key = 'k-1'`,
      [adminId],
    );
    const { rows } = await web.pool.query<{ username: string }>(
      `select body->'payload'->>'username' as username from idempotency_keys where key = 'k-1'`,
    );
    const payload = { ...fresh(), username: rows[0]!.username };
    expect(problemIn(await post(payload, keyed('k-6')))).toMatchObject({
      status: 409,
      code: 'idempotency-result-lost',
    });
  });

  it('is forgotten by the purge after a day and not before', async () => {
    await post(fresh(), keyed('k-8'));
    await post(fresh(), keyed('k-9'));
    await web.pool.query(
      `update idempotency_keys set created_at = now() - interval '25 hours' where key = 'k-8'`,
    );
    await query(web.pool, 'staff/purge-idempotency-keys');
    const { rows } = await web.pool.query(`select key from idempotency_keys where key in ('k-8', 'k-9')`);
    expect(rows).toEqual([{ key: 'k-9' }]);
  });

  it('is forgotten after a day', async () => {
    await post(fresh(), keyed('k-7'));
    await web.pool.query(
      `update idempotency_keys set created_at = now() - interval '25 hours' where key = 'k-7'`,
    );
    expect((await post(fresh(), keyed('k-7'))).statusCode).toBe(201);
  });

  it.each([
    ['with spaces', 'a b'],
    ['too long', 'k'.repeat(201)],
  ])('%s is refused', async (_name, key) => {
    expect(problemIn(await post(fresh(), keyed(key)))).toMatchObject({
      status: 400,
      code: 'idempotency-key-invalid',
    });
  });

  it('keeps no password', async () => {
    const { rows } = await web.pool.query<{ body: object }>('select body from idempotency_keys');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(PASSWORD);
  });
});

describe('the lists of accounts and audit', () => {
  it('go through everything once, newest first, though more is added meanwhile', async () => {
    const before = await web.pool.query<{ id: string }>('select id from accounts order by id desc');
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const url: string = `/api/v1/accounts?limit=5${cursor === null ? '' : `&cursor=${cursor}`}`;
      const page = (await web.as(admin, { url })).json<{ items: { id: string }[]; next: string | null }>();
      seen.push(...page.items.map((item) => item.id));
      cursor = page.next;
      await made();
    } while (cursor !== null);
    expect(seen).toEqual(before.rows.map((row) => row.id));
  });

  it('end with a null where the last page is exactly full', async () => {
    const { account } = await web.signIn('editor');
    const subject = encodeURIComponent(`account:${account.id}`);
    const page = (await web.as(admin, { url: `/api/v1/audit?subject=${subject}&limit=2` })).json<{
      items: unknown[];
      next: null;
    }>();
    expect(page.items).toHaveLength(2);
    expect(page.next).toBeNull();
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'limit=', 'limit=1.5', 'unknown=1', 'limit=1&limit=2'])(
    'refuse ?%s',
    async (query) => {
      const response = await web.as(admin, { url: `/api/v1/accounts?${query}` });
      expect(problemIn(response)).toMatchObject({ status: 400, code: 'validation-failed' });
      expect(problemIn(response).errors!.every((error) => error.in === 'query')).toBe(true);
    },
  );

  it('refuse cursors that are not theirs', async () => {
    const accounts = (await web.as(admin, { url: '/api/v1/accounts?limit=1' })).json<{ next: string }>().next;
    const filtered = (await web.as(admin, { url: '/api/v1/audit?limit=1&action=account.added' })).json<{
      next: string;
    }>().next;
    const tampered = `${accounts.slice(0, -1)}${accounts.endsWith('A') ? 'Q' : 'A'}`;
    const tries = [
      `/api/v1/accounts?cursor=${tampered}`,
      `/api/v1/accounts?cursor=${accounts.slice(4)}`,
      '/api/v1/accounts?cursor=1%20or%201=1',
      `/api/v1/audit?cursor=${accounts}`,
      `/api/v1/audit?cursor=${filtered}`,
      `/api/v1/audit?action=account.changed&cursor=${filtered}`,
    ];
    for (const url of tries) {
      expect(problemIn(await web.as(admin, { url }))).toMatchObject({ status: 400, code: 'cursor-invalid' });
    }
    const right = await web.as(admin, {
      url: `/api/v1/audit?limit=3&action=account.added&cursor=${filtered}`,
    });
    expect(right.statusCode).toBe(200);
  });

  it('filter by time, and take text in filters as text', async () => {
    const middle = new Date().toISOString();
    await made();
    const count = async (query: string) =>
      (await web.as(admin, { url: `/api/v1/audit?limit=200&action=account.added&${query}` })).json<{
        items: unknown[];
      }>().items.length;
    expect(await count(`from=${middle}`)).toBe(1);
    expect(
      await count(`from=${encodeURIComponent('2020-01-01T00:00:00+03:30')}&to=${middle}`),
    ).toBeGreaterThan(5);
    expect(await count(`actor=${encodeURIComponent(`' or 1=1 --`)}`)).toBe(0);
    expect((await web.as(admin, { url: '/api/v1/audit?from=yesterday' })).statusCode).toBe(400);
    expect((await web.as(admin, { url: '/api/v1/audit?from=2026-11-23T10:00:00' })).statusCode).toBe(400);
    expect((await web.as(admin, { url: '/api/v1/audit?from=2026-02-30T10:00:00Z' })).statusCode).toBe(400);
  });

  it('of the audit are for admins and auditors', async () => {
    for (const role of ROLES) {
      const { token } = await web.signIn(role);
      const allowed = role === 'admin' || role === 'auditor';
      expect((await web.as(token, { url: '/api/v1/audit' })).statusCode).toBe(allowed ? 200 : 403);
    }
  });
});
