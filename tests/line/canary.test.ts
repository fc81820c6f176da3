import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { callRow } from '../support/calls.ts';
import { createTestDatabase } from '../support/database.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { exchange } from '../support/exchange.ts';
import { ari, expectNothingLeft, leftInExchange } from '../support/leftovers.ts';
import { figuresOf } from '../support/figures.ts';
import { followStackLogs, type LogText } from '../support/log-files.ts';
import { addExpert, closePhones, dialClinic, expertPhone, type ExpertPhone } from '../support/phones.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { enters, queues, said, type Scene } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

/**
 * Canaries: distinctive numbers in every place a number can come in by, through calls that go well and calls that meet
 * every fault we can make, with the log at its most talkative. None of them may be found in any log afterwards. (The figures
 * tell of each fault meanwhile.)
 */

/** Ten digits behind the country code; searched for without any prefix, so that every way of writing is found. */
const CANARY = {
  from: '9130713701',
  asserted: '9130713702',
  displayName: '9130713703',
  withheld: '9130713704',
  note: '9130713705',
  redisFull: '9130713706',
  redisAway: '9130713723',
  rowRefused: '9130713707',
  noteRefused: '9130713708',
  postgresAway: '9130713709',
  asteriskSilent: '9130713710',
  path: '9130713711',
  query: '9130713712',
  body: '9130713713',
  username: '9130713714',
  idempotencyKey: '9130713715',
  applicationAway: '9130713716',
  keyed: '2130713717',
  stranger: '9130713718',
  registering: '9130713719',
  dialledOut: '9130713720',
  killed: '9130713721',
};

let redis: PrivateServer;
let database: string;
let postgres: TcpProxy;
let asterisk: TcpProxy;
let written: ReturnType<typeof followStackLogs>;
let clinic: Clinic;
let expert: ExpertPhone;

async function wireTo(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url);
  return startTcpProxy({ host: hostname, port: Number(port) });
}

function through(proxy: TcpProxy, url: string): string {
  const changed = new URL(url);
  changed.host = `127.0.0.1:${proxy.port}`;
  return changed.href;
}

beforeAll(async () => {
  written = followStackLogs();
  redis = await startPrivateRedis();
  database = await createTestDatabase();
  postgres = await wireTo(database);
  asterisk = await wireTo(exchange().ari.url);
  clinic = await startClinic({
    env: {
      REDIS_URL: redis.url,
      DATABASE_URL: through(postgres, database),
      ARI_URL: through(asterisk, exchange().ari.url).replace(/\/$/, ''),
      ...{ LOG_LEVEL: 'trace', WRAP_UP_SECONDS: '1', MISSES_BEFORE_PAUSE: '100', RING_SECONDS: '3' },
    },
  });
  expert = await expertPhone(clinic, await addExpert(clinic, 'زهرا نوری', 'transport'));
});
afterAll(async () => {
  await closePhones();
  await clinic.close();
  await asterisk.close();
  await postgres.close();
  await redis.remove();
});

async function answers(scene: Scene): Promise<void> {
  void (await expert.nextCall()).answer();
  await said(clinic, scene, 'call.answered');
}

async function ends(scene: Scene): Promise<void> {
  void scene.call.hangup();
  await said(clinic, scene, 'call.ended');
}

async function sql<Row extends pg.QueryResultRow>(statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<Row>(statement);
  await client.end();
  return rows;
}

async function numbersKept(): Promise<string[]> {
  const rows = await sql<{ caller: string | null; keyed_number: string | null }>(
    'select caller, keyed_number from calls',
  );
  return rows.flatMap(({ caller, keyed_number }) => [caller ?? '', keyed_number ?? '']);
}

async function redisMemory(limit: string): Promise<void> {
  const client = new Redis(redis.url);
  await client.config('SET', 'maxmemory', limit);
  client.disconnect();
}

const putOutcome = (callId: string, note: string) =>
  clinic
    .signIn('supervisor')
    .then((token) =>
      clinic.api(`/calls/${callId}/outcome`, { method: 'PUT', token, body: { code: 'resolved', note } }),
    );

/** Waits until the citizen's channel is in this application of the message service. */
async function isIn(application: string): Promise<void> {
  const channels = () => ari<{ dialplan: { exten: string; app_name: string } }[]>('/channels');
  const there = async () =>
    (await channels()).some(({ dialplan }) => dialplan.exten === 'ask' && dialplan.app_name === application);
  await waitFor(there, 60_000, 100);
}

/** Lines in which a canary sings, with the fields that say what line it is. */
function found(logs: readonly LogText[]): string[] {
  return logs.flatMap(({ from, text }) =>
    text
      .split('\n')
      .flatMap((line) =>
        Object.entries(CANARY).flatMap(([where, number]) =>
          line.includes(number) ? [`${where} in ${from}: ${line.slice(0, 600)}`] : [],
        ),
      ),
  );
}

describe('numbers come in', () => {
  it('by From, P-Asserted-Identity, the display name and an outcome’s note', async () => {
    const from = `"${CANARY.displayName}" <sip:+98${CANARY.from}@trunk>`;
    const plain = await queues(clinic, { from });
    await answers(plain);
    await ends(plain);
    await callRow(clinic, plain.id, (row) => row.state === 'ended');
    expect((await putOutcome(plain.id, `تماس با ۰۹۱۲ یا 0${CANARY.note}`)).status).toBe(200);
    const asserted = await enters(clinic, {
      from: '100',
      headers: { 'P-Asserted-Identity': `<sip:0${CANARY.asserted}@trunk>` },
    });
    await ends(asserted);
    const headers = { 'P-Asserted-Identity': `<sip:0098${CANARY.withheld}@trunk>`, Privacy: 'id' };
    await ends(await enters(clinic, { from: 'anonymous', headers }));
  });

  it('in path, query, body, user name and headers of requests', async () => {
    for (const path of [
      `/calls/0${CANARY.path}`,
      `/calls/0${CANARY.path}/why`,
      `/nowhere/%2B98${CANARY.path}`,
      `/calls?caller=0${CANARY.query}`,
      `/calls?cursor=0${CANARY.query}`,
    ])
      expect((await clinic.api(path)).status).toBeGreaterThanOrEqual(400);
    const session = { username: `0${CANARY.username}`, password: 'wrong password' };
    for (let attempt = 0; attempt < 7; attempt++)
      await clinic.api('/session', { method: 'POST', token: null, body: session });
    const body = { name: `0${CANARY.body}`, skills: [{ specialty: `0${CANARY.body}`, level: 9 }] };
    const refused = await clinic.api('/experts', {
      method: 'POST',
      body,
      headers: { 'idempotency-key': `0${CANARY.idempotencyKey}` },
    });
    expect(refused.status).toBe(400);
    const malformed = await fetch(`${clinic.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"username": "0${CANARY.body}" oops`,
    });
    expect(malformed.status).toBe(400);
  });

  it('from strangers: calls not from the trunk, registrations, numbers dialled outward', async () => {
    const { host, port } = testStack().sip.trunk;
    const stranger = await createPhone({ server: { host, port }, username: `0${CANARY.stranger}` });
    await (
      await stranger.invite('137')
    ).ended;
    await (
      await stranger.invite(`0${CANARY.dialledOut}`)
    ).ended;
    await stranger.close();
    const other = await createPhone({
      server: { host, port },
      username: `0${CANARY.registering}`,
      password: 'guess',
    });
    await other.register({ expires: 60 });
    await other.close();
    await expect(dialClinic({ number: `0${CANARY.dialledOut}`, from: `0${CANARY.from}` })).rejects.toThrow();
  });
});

describe('faults are met', () => {
  it('Redis refuses what it is told', async () => {
    await redisMemory('1');
    const scene = await enters(clinic, { from: `0${CANARY.redisFull}` });
    await said(clinic, scene, 'snapshot.failed');
    await ends(scene);
    await redisMemory('0');
    expect((await figuresOf(clinic.url)).value('clinic_snapshot_failures_total')).toBeGreaterThan(0);
  });

  it('Redis is gone', async () => {
    await redis.kill();
    await waitFor(async () => (await figuresOf(clinic.url)).value('clinic_redis_up') === 0);
    const figures = await figuresOf(clinic.url);
    // What cannot be known now is not shown as it last was; the rest is there all the same.
    expect(figures.text).not.toMatch(/^clinic_experts\{/m);
    expect(figures.value('clinic_postgres_up')).toBe(1);
    const scene = await enters(clinic, { from: `0${CANARY.redisAway}` });
    await ends(scene);
    await redis.start();
    await waitFor(async () => (await fetch(`${clinic.url}/readyz`)).ok);
    expect((await figuresOf(clinic.url)).value('clinic_experts', { state: 'ready' })).toBe(1);
  });

  it('PostgreSQL refuses rows and notes', async () => {
    const answered = await queues(clinic);
    await answers(answered);
    await ends(answered);
    await callRow(clinic, answered.id, (row) => row.state === 'ended');
    await sql(`alter table calls add constraint no_canary check (caller <> '+98${CANARY.rowRefused}')`);
    await sql('alter table outcomes add constraint no_note check (note is null) not valid');
    const scene = await enters(clinic, { from: `0${CANARY.rowRefused}` });
    await clinic.logged('ledger-entry.rejected', (line) => line['callId'] === scene.id);
    await ends(scene);
    expect((await putOutcome(answered.id, `0${CANARY.noteRefused}`)).status).toBe(500);
    await sql('alter table calls drop constraint no_canary');
    await sql('alter table outcomes drop constraint no_note');
  });

  it('PostgreSQL is gone', async () => {
    postgres.refuse(true);
    postgres.cut();
    const scene = await queues(clinic, { from: `0098${CANARY.postgresAway}` });
    await expert.nextCall();
    await clinic.logged('outbox.delayed');
    const figures = await figuresOf(clinic.url);
    expect(figures.value('clinic_postgres_up')).toBe(0);
    expect(figures.value('clinic_outbox_depth')).toBeGreaterThan(0);
    expect(figures.value('clinic_outbox_oldest_age_seconds')).toBeGreaterThan(0);
    expect((await clinic.api(`/calls?limit=5`)).status).toBe(503);
    await ends(scene);
    postgres.refuse(false);
    await callRow(clinic, scene.id);
  });

  it('Asterisk answers no request, then hangs up on us', async () => {
    const scene = await queues(clinic, { from: CANARY.asteriskSilent });
    const ring = await expert.nextCall();
    asterisk.stallRequests(true);
    void ring.answer();
    await clinic.logged('effect.failed', (line) => line['callId'] === scene.id);
    asterisk.stallRequests(false);
    asterisk.cut();
    await clinic.logged('link.lost');
    const timedOut = { outcome: 'ari-timeout' };
    expect((await figuresOf(clinic.url)).sum('clinic_ari_request_seconds_count', timedOut)).toBeGreaterThan(
      0,
    );
    await waitFor(async () => (await fetch(`${clinic.url}/readyz`)).ok, 30_000);
    await ends(scene);
    await callRow(clinic, scene.id);
    await waitFor(async () => (await leftInExchange()).length === 0);
  });

  it('the application is killed, and a number is keyed into the message service', async () => {
    const taken = await queues(clinic, { from: `+98${CANARY.killed}` });
    await clinic.kill();
    const call = await dialClinic({ number: '1378', from: `0${CANARY.applicationAway}` });
    await isIn('Read');
    await call.sendDigits(`0${CANARY.keyed}#`);
    await isIn('Record');
    await call.playTone(440, 2);
    void call.hangup();
    await call.ended;
    await clinic.start();
    await clinic.logged('missed.imported');
    void taken.call.hangup();
    await callRow(clinic, taken.id);
  }, 120_000);
});

describe('afterwards', () => {
  it('those who may read them find the numbers where they belong', async () => {
    await waitFor(async () => (await numbersKept()).includes(`0${CANARY.keyed}`));
    const kept = await numbersKept();
    const came = [
      'from',
      'asserted',
      'redisFull',
      'redisAway',
      'postgresAway',
      'asteriskSilent',
      'applicationAway',
      'killed',
    ];
    for (const [where, number] of Object.entries(CANARY))
      if (came.includes(where)) expect(kept).toContain(`+98${number}`);
    expect(kept.join()).not.toContain(CANARY.withheld);
  });

  it('no canary is found in any log', async () => {
    await expectNothingLeft(clinic);
    await clinic.stop();
    const logs = written();
    const own = clinic.lines.map((line) => JSON.stringify(line)).join('\n');
    expect(logs.length).toBeGreaterThanOrEqual(5);
    // What could have told a number has spoken.
    expect(logs.find(({ from }) => from === 'log/postgres.log')?.text).toContain('"no_canary"');
    for (const event of ['snapshot.failed', 'outbox-stream.refused', 'request.failed', 'effect.failed'])
      expect(own).toContain(`"msg":"${event}"`);
    expect(found([...logs, { from: 'the application', text: own }])).toEqual([]);
  });
});
