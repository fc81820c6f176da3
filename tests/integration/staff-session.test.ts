import { TOTP, Secret } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from '../../src/platform/sql.ts';
import { PASSWORD, problemIn, startWeb, type TestWeb } from '../support/web.ts';

let web: TestWeb;
let nextAddress = 1;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.close());

/** Every attempt comes from a network of its own unless told otherwise, so that limits do not cross tests. */
function attempt(payload: object, headers: Record<string, string> = {}) {
  const from = { 'x-forwarded-for': `10.1.${nextAddress >> 8}.${nextAddress++ & 255}` };
  return web.app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload,
    headers: { ...from, ...headers },
  });
}

describe('signing in', () => {
  it('gives a token that says who one is', async () => {
    const { account } = await web.signIn('supervisor', { username: 'sara', name: 'سارا' });
    const response = await attempt({ username: 'SARA', password: PASSWORD });
    expect(response.statusCode).toBe(200);
    const { token, ...who } = response.json<{ token: string }>();
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const me = await web.as(token, { url: '/api/v1/session' });
    expect(me.statusCode).toBe(200);
    expect(me.json()).toEqual(who);
    expect(me.json()).toMatchObject({
      accountId: account.id,
      username: 'sara',
      name: 'سارا',
      role: 'supervisor',
      expertId: null,
    });
  });

  it('keeps neither the password nor the token, in the database or in the log', async () => {
    const { token } = await web.signIn('auditor', { username: 'keeper' });
    const { rows } = await web.pool.query<{ text: string }>(
      `select (select string_agg(a::text, '') from accounts a) || (select string_agg(s::text, '') from sessions s)
        || (select string_agg(u::text, '') from audit u) as text`,
    );
    const everything = rows[0]!.text + JSON.stringify(web.logged);
    expect(everything).toContain('$argon2id$');
    expect(everything).not.toContain(PASSWORD);
    expect(everything).not.toContain(token);
  });

  it('answers a wrong password and an unknown name alike, and as slowly', async () => {
    await web.signIn('reviewer', { username: 'known' });
    const timed = async (username: string) => {
      const before = performance.now();
      const response = await attempt({ username, password: 'not the password at all' });
      expect(response.statusCode).toBe(401);
      const document = { ...problemIn(response), instance: '' };
      return { took: performance.now() - before, document };
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 5; round++) {
      const a = await timed('known');
      const b = await timed(`nobody-${round}`);
      expect(a.document).toEqual(b.document);
      expect(a.document.code).toBe('credentials-invalid');
      known.push(a.took);
      unknown.push(b.took);
    }
    // A look-up without hashing takes about a millisecond, hashing some twenty: half is far from both.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 2);
  });

  it('refuses a deactivated account like a wrong password', async () => {
    const { account, token } = await web.signIn('editor', { username: 'leaver' });
    await web.staff.accounts.change(account.id, account.version, { active: false }, 'system');
    const response = await attempt({ username: 'leaver', password: PASSWORD });
    expect(problemIn(response)).toMatchObject({ status: 401, code: 'credentials-invalid' });
    expect(problemIn(await web.as(token, { url: '/api/v1/session' })).code).toBe('unauthenticated');
  });

  it('takes the same text typed with other code points', async () => {
    const composed = 'pässwörd-långer';
    await web.staff.accounts.add(
      { username: 'nfc', password: composed.normalize('NFC'), name: 'n', role: 'editor', expertId: null },
      'system',
    );
    const response = await attempt({ username: 'nfc', password: composed.normalize('NFD') });
    expect(response.statusCode).toBe(200);
  });

  it.each([
    ['a property it does not know', { username: 'a', password: 'b', role: 'admin' }, '#/role'],
    ['a missing password', { username: 'a' }, '#/password'],
    ['an object for a name', { username: { $ne: null }, password: 'b' }, '#/username'],
    ['a name with a NUL', { username: 'a\u0000', password: 'b' }, '#/username'],
    ['a code of letters', { username: 'a', password: 'b', otp: 'abcdef' }, '#/otp'],
    ['a password beyond all measure', { username: 'a', password: 'b'.repeat(201) }, '#/password'],
  ])('refuses %s and points at it', async (_name, payload, pointer) => {
    const document = problemIn(await attempt(payload));
    expect(document).toMatchObject({ status: 400, code: 'validation-failed' });
    expect(document.errors).toContainEqual(expect.objectContaining({ in: 'body', pointer }));
  });

  it('takes hostile text as text', async () => {
    for (const username of [
      `' or 1=1 --`,
      `admin'; drop table accounts; --`,
      '\\',
      '%',
      '${jndi:ldap://x}',
    ]) {
      expect(problemIn(await attempt({ username, password: `' or ''='` })).code).toBe('credentials-invalid');
    }
    expect((await web.pool.query('select 1 from accounts')).rowCount).toBeGreaterThan(0);
  });

  it('audits what happened with known accounts, and nothing of names nobody has', async () => {
    const { account } = await web.signIn('expert', { username: 'audited' });
    await attempt({ username: 'audited', password: 'wrong' });
    await attempt({ username: 'my password typed as a name', password: 'wrong' });
    const { rows } = await web.pool.query<{ action: string; actor: string; detail: object }>(
      'select action, actor, detail from audit where subject = $1 order by id',
      [`account:${account.id}`],
    );
    expect(rows.map((row) => row.action)).toEqual(['account.added', 'session.started', 'session.refused']);
    expect(rows[2]!.detail).toMatchObject({ because: 'credentials-invalid' });
    const { rowCount } = await web.pool.query(
      `select 1 from audit where detail::text || subject like '%typed as a name%'`,
    );
    expect(rowCount).toBe(0);
  });
});

describe('a session', () => {
  it('ends after its hours, and says so', async () => {
    const { token } = await web.signIn('supervisor');
    const me = () => web.as(token, { url: '/api/v1/session' });
    web.advance(12 * 3_600_000 - 60_000);
    expect((await me()).statusCode).toBe(200);
    web.advance(61_000);
    const response = await me();
    expect(problemIn(response)).toMatchObject({ status: 401, code: 'session-expired' });
    expect(response.headers['www-authenticate']).toContain('invalid_token');
  });

  it('ends when its owner signs out, and no other does', async () => {
    const { token } = await web.signIn('supervisor', { username: 'two-places' });
    const other = (await attempt({ username: 'two-places', password: PASSWORD })).json<{ token: string }>()
      .token;
    expect((await web.as(token, { method: 'DELETE', url: '/api/v1/session' })).statusCode).toBe(204);
    expect(problemIn(await web.as(token, { url: '/api/v1/session' })).code).toBe('unauthenticated');
    expect((await web.as(other, { url: '/api/v1/session' })).statusCode).toBe(200);
  });

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['a scheme alone', { authorization: 'Bearer' }],
    ['a token of the wrong shape', { authorization: 'Bearer x' }],
    ['a token nobody has', { authorization: `Bearer ${'A'.repeat(43)}` }],
    ['hostile text', { authorization: `Bearer ' or 1=1 --` }],
  ])('is not had with %s', async (_name, headers) => {
    const response = await web.app.inject({ url: '/api/v1/session', headers });
    expect(problemIn(response)).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(response.headers['www-authenticate']).toBe('Bearer realm="clinic"');
  });

  it('is judged by the header alone where there is one', async () => {
    const { token } = await web.signIn('supervisor');
    const headers = { authorization: `Bearer ${'A'.repeat(43)}` };
    const response = await web.app.inject({
      url: '/api/v1/session',
      cookies: { 'clinic-session': token },
      headers,
    });
    expect(response.statusCode).toBe(401);
  });
});

describe('the hourly purge', () => {
  it('forgets sessions that ended long ago and no others', async () => {
    const old = await web.signIn('editor');
    const recent = await web.signIn('editor');
    const age = (id: string, interval: string) =>
      web.pool.query(`update sessions set expires_at = now() - $2::interval where account_id = $1`, [
        id,
        interval,
      ]);
    await age(old.account.id, '31 days');
    await age(recent.account.id, '29 days');
    await query(web.pool, 'staff/purge-sessions');
    expect(problemIn(await web.as(old.token, { url: '/api/v1/session' })).code).toBe('unauthenticated');
    expect(problemIn(await web.as(recent.token, { url: '/api/v1/session' })).code).toBe('session-expired');
  });
});

describe('the limit of failed sign-ins', () => {
  it('stops guessing at one name from one place, but not its owner elsewhere', async () => {
    await web.signIn('supervisor', { username: 'target' });
    const from = { 'x-forwarded-for': '192.0.2.7' };
    for (let guess = 0; guess < 10; guess++) {
      expect((await attempt({ username: 'target', password: `guess ${guess}` }, from)).statusCode).toBe(401);
    }
    const stopped = await attempt({ username: 'Target', password: PASSWORD }, from);
    expect(problemIn(stopped)).toMatchObject({ status: 429, code: 'too-many-attempts' });
    expect(Number(stopped.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(stopped.headers['retry-after'])).toBeLessThanOrEqual(300);
    expect((await attempt({ username: 'target', password: PASSWORD })).statusCode).toBe(200);
  });

  it('lets no burst through at once', async () => {
    await web.signIn('supervisor', { username: 'burst' });
    const from = { 'x-forwarded-for': '192.0.2.8' };
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, guess) =>
        attempt({ username: 'burst', password: `guess ${guess}` }, from),
      ),
    );
    const codes = answers.map((answer) => answer.statusCode);
    expect(codes.filter((code) => code === 401)).toHaveLength(10);
    expect(codes.filter((code) => code === 429)).toHaveLength(15);
  });

  it('stops one place that tries many names, whichever address of its IPv6 network it uses', async () => {
    const codes: number[] = [];
    for (let guess = 0; guess < 31; guess++) {
      const from = { 'x-forwarded-for': `2001:db8:0:1::${guess.toString(16)}` };
      codes.push((await attempt({ username: `name-${guess}`, password: 'guess' }, from)).statusCode);
    }
    expect(codes.slice(0, 30)).toEqual(Array(30).fill(401));
    expect(codes[30]).toBe(429);
  });

  it('does not count those who know their password', async () => {
    await web.signIn('expert', { username: 'regular' });
    const from = { 'x-forwarded-for': '192.0.2.9' };
    for (let time = 0; time < 12; time++) {
      expect((await attempt({ username: 'regular', password: PASSWORD }, from)).statusCode).toBe(200);
    }
  });

  it('holds while Redis is away', async () => {
    const alone = await startWeb({ redisUrl: 'redis://127.0.0.1:1' });
    try {
      const codes: number[] = [];
      for (let guess = 0; guess < 11; guess++) {
        const payload = { username: 'x', password: 'y' };
        const response = await alone.app.inject({ method: 'POST', url: '/api/v1/session', payload });
        codes.push(response.statusCode);
      }
      expect(codes).toEqual([...Array<number>(10).fill(401), 429]);
      alone.advance(301_000);
      const later = await alone.app.inject({
        method: 'POST',
        url: '/api/v1/session',
        payload: { username: 'x', password: 'y' },
      });
      expect(later.statusCode).toBe(401);
    } finally {
      await alone.close();
    }
  });
});

describe('the second factor', () => {
  let strict: TestWeb;
  beforeAll(async () => {
    strict = await startWeb({ secondFactorRequired: true });
  });
  afterAll(() => strict.close());

  const enter = (payload: object) => strict.app.inject({ method: 'POST', url: '/api/v1/session', payload });
  const add = async (username: string, role: 'admin' | 'supervisor' | 'auditor') => {
    const account = { username, password: PASSWORD, name: username, role, expertId: null };
    const added = await strict.staff.accounts.add(account, 'system');
    if ('refused' in added) throw new Error(added.refused);
    return added;
  };

  it.each(['admin', 'supervisor'] as const)(
    'is compulsory for role %s, who is told only with the right password',
    async (role) => {
      await add(`bare-${role}`, role);
      const right = await enter({ username: `bare-${role}`, password: PASSWORD });
      expect(problemIn(right)).toMatchObject({ status: 403, code: 'second-factor-not-enrolled' });
      expect(right.headers['set-cookie']).toBeUndefined();
      const wrong = await enter({ username: `bare-${role}`, password: 'wrong' });
      expect(problemIn(wrong)).toMatchObject({ status: 401, code: 'credentials-invalid' });
    },
  );

  it('is no matter of roles below', async () => {
    await add('below', 'auditor');
    expect((await enter({ username: 'below', password: PASSWORD })).statusCode).toBe(200);
  });

  it('takes each code once, a step early or late, and no other', async () => {
    const account = await add('enrolled', 'supervisor');
    const enrolment = await strict.staff.accounts.enrolSecondFactor(account.id, 'system');
    const totp = new TOTP({ secret: Secret.fromBase32(enrolment!.secret) });
    const code = (steps: number) => totp.generate({ timestamp: strict.now() + steps * 30_000 });
    const answer = async (otp?: string) => {
      const response = await enter({
        username: 'enrolled',
        password: PASSWORD,
        ...(otp === undefined ? {} : { otp }),
      });
      return response.statusCode === 200 ? 'in' : problemIn(response).code;
    };
    expect(await answer()).toBe('second-factor-required');
    expect(await answer(code(-3))).toBe('second-factor-invalid');
    const used = code(0);
    expect(await answer(used)).toBe('in');
    expect(await answer(used)).toBe('second-factor-invalid');
    expect(await answer(code(-1))).toBe('second-factor-invalid');
    expect(await answer(code(1))).toBe('in');
  });

  it('is asked for wherever it is enrolled, policy or not', async () => {
    const { account } = await web.signIn('auditor', { username: 'careful' });
    await web.staff.accounts.enrolSecondFactor(account.id, 'system');
    expect(problemIn(await attempt({ username: 'careful', password: PASSWORD })).code).toBe(
      'second-factor-required',
    );
  });

  it('lets two requests with the same code in once', async () => {
    const account = await add('twice', 'supervisor');
    const enrolment = await strict.staff.accounts.enrolSecondFactor(account.id, 'system');
    const totp = new TOTP({ secret: Secret.fromBase32(enrolment!.secret) });
    const payload = {
      username: 'twice',
      password: PASSWORD,
      otp: totp.generate({ timestamp: strict.now() }),
    };
    const codes = (await Promise.all([enter(payload), enter(payload), enter(payload)])).map(
      (answer) => answer.statusCode,
    );
    expect(codes.sort()).toEqual([200, 401, 401]);
  });
});
