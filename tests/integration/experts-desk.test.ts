import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addDemoExperts } from '../../src/experts/demo-roster.ts';
import type { Desk } from '../../src/experts/desk.ts';
import { sipAccount } from '../../src/experts/softphone.ts';
import { deskBench, presenceHistory, type DeskBench } from '../support/desk.ts';
import { channelOf, dialled } from '../support/telephony.ts';
import { waitFor } from '../support/wait.ts';

let bench: DeskBench;

beforeEach(async () => {
  bench = await deskBench();
  await addDemoExperts(bench.pool, 3);
});

afterEach(async () => {
  await bench.close();
  expect(bench.exchange.listeners()).toBe(0);
});

async function started(options?: Parameters<DeskBench['start']>[0]): Promise<Desk> {
  const desk = bench.start(options);
  await desk.reload();
  return desk;
}

const status = async (expertId = 'e001') => {
  const found = await bench.routing.expert(expertId);
  if (found === null) throw new Error(`routing does not know ${expertId}`);
  return found;
};

/** Dials a code and hears the phrase to its end. Returns what the exchange was asked for. */
async function dial(desk: Desk, code: string, expertId = 'e001', channelId = 'c1'): Promise<string[]> {
  const { exchange } = bench;
  exchange.deeds.length = 0;
  exchange.say(dialled(channelId, `PJSIP/${expertId}-0000000a`, code));
  await waitFor(() => exchange.deeds.some((deed) => /^(play|hangup) /.test(deed)));
  exchange.say({
    type: 'playback-finished',
    playbackId: `feature-${channelId}`,
    failed: false,
    at: Date.now(),
  });
  await desk.settle();
  return [...exchange.deeds];
}

describe('the start', () => {
  test('brings roster, skills, intent and reachability into routing, and accounts into the exchange', async () => {
    const { pool, exchange } = bench;
    const { username, realm, ha1 } = sipAccount('e002', 'clinic', 'secret');
    await pool.query(
      'insert into expert_softphones (expert_id, username, realm, ha1, actor) values ($1, $1, $2, $3, $4)',
      [...[username, realm, ha1], 'system'],
    );
    exchange.online.add('e001').add('trunk-137');
    const desk = await started();
    expect(desk.loaded()).toBe(true);
    const experts = await bench.routing.experts();
    expect(experts.map(({ expertId }) => expertId).sort()).toEqual(['e001', 'e002', 'e003']);
    expect(await status('e001')).toMatchObject({
      intent: 'ready',
      reachable: true,
      specialties: ['urban-planning'],
    });
    expect(await status('e003')).toMatchObject({ reachable: false });
    expect((await status('e003')).specialties.toSorted()).toEqual(['finance', 'urban-services']);
    expect([...exchange.accounts.values()]).toEqual([{ username, realm, ha1 }]);
  });

  test('accounts are pushed once, and again to an exchange that started anew', async () => {
    const { pool, exchange } = bench;
    const account = sipAccount('e001', 'clinic', 'secret');
    await pool.query(
      'insert into expert_softphones (expert_id, username, realm, ha1, actor) values ($1, $1, $2, $3, $4)',
      [account.username, account.realm, account.ha1, 'system'],
    );
    const desk = await started();
    await desk.reload();
    const pushes = () => exchange.deeds.filter((deed) => deed === 'put e001').length;
    expect(pushes()).toBe(1);
    exchange.setLink('down');
    exchange.setLink('ready');
    await desk.reload();
    expect(pushes()).toBe(1);
    exchange.setLink('down');
    exchange.restart();
    exchange.setLink('ready');
    await desk.reload();
    expect(pushes()).toBe(2);
    expect(exchange.accounts.get('e001')).toEqual(account);
  });

  test('a roster that was read before a new password was committed does not bring the old one back', async () => {
    const { pool, exchange } = bench;
    const old = sipAccount('e001', 'clinic', 'secret');
    await pool.query(
      'insert into expert_softphones (expert_id, username, realm, ha1, actor) values ($1, $1, $2, $3, $4)',
      [old.username, old.realm, old.ha1, 'system'],
    );
    const desk = await started();
    const renewed = sipAccount('e001', 'clinic', 'another');
    await desk.handlers['softphone.put']?.handle(renewed);
    await desk.reload();
    expect(exchange.accounts.get('e001')).toEqual(renewed);
    exchange.restart();
    await desk.reload();
    expect(exchange.accounts.get('e001')).toEqual(old);
  });

  test('waits for PostgreSQL without holding anything else up', async () => {
    await bench.shut(true);
    const desk = bench.start();
    expect(desk.loaded()).toBe(false);
    expect(await dial(desk, '*45')).toContain('play c1 feature/refused');
    await bench.shut(false);
    await waitFor(() => desk.loaded());
    expect(await status()).toMatchObject({ intent: 'ready' });
  });

  test('experts who left the roster leave routing; those who are inactive get no calls and no telephone', async () => {
    await bench.routing.putExpert('e777', ['finance']);
    await bench.pool.query("update experts set active = false where id = 'e002'");
    await bench.pool.query(
      "insert into expert_softphones (expert_id, username, realm, ha1, actor) values ('e002', 'e002', 'clinic', repeat('a', 32), 'system')",
    );
    const desk = await started();
    expect(await bench.routing.expert('e777')).toBeNull();
    expect((await status('e002')).specialties).toEqual([]);
    expect(bench.exchange.deeds).toContain('remove e002');
    expect(await dial(desk, '*45', 'e002')).toContain('play c1 feature/refused');
  });

  test('does not end a wrap-up, nor a talk', async () => {
    const desk = await started();
    const { routing } = bench;
    await routing.setReachable('e001', true);
    const offered = new Promise<string>((resolve) => routing.onOffer(({ offerId }) => resolve(offerId)));
    const call = { callId: '01890000-0000-7000-8000-00000000000a', specialty: 'urban-planning' };
    await routing.enqueue({ ...call, score: 1, queuedAt: Date.now() });
    await routing.accept(await offered);
    bench.exchange.online.add('e001');
    await desk.reload();
    expect(await status()).toMatchObject({ activity: 'talking' });
    await routing.release(call.callId, 600);
    await desk.reload();
    expect(await status()).toMatchObject({ activity: 'wrap-up', intent: 'ready' });
  });
});

describe('telephones', () => {
  test('cannot be reached before the calls are taken up: whom an expert is owed could be passed over', async () => {
    const { exchange } = bench;
    let takeUp: () => void = () => undefined;
    const takenUp = new Promise<void>((resolve) => (takeUp = resolve));
    exchange.online.add('e001');
    const desk = bench.start({ takenUp: () => takenUp });
    await waitFor(() => desk.loaded());
    exchange.say({ type: 'contact', endpoint: 'e002', reachable: true, at: 1 });
    exchange.online.add('e002');
    await pause(200);
    expect([(await status('e001')).reachable, (await status('e002')).reachable]).toEqual([false, false]);
    takeUp();
    await waitFor(async () => (await status('e001')).reachable && (await status('e002')).reachable);
  });

  test('come and go with their contacts; trunks are none of ours', async () => {
    const desk = await started();
    const { exchange } = bench;
    exchange.say({ type: 'contact', endpoint: 'trunk-137', reachable: true, at: 1 });
    exchange.say({ type: 'contact', endpoint: 'e001', reachable: true, at: 1 });
    await desk.settle();
    expect((await status()).reachable).toBe(true);
    exchange.say({ type: 'endpoint-state', endpoint: 'e001', online: false, at: 2 });
    await desk.settle();
    expect((await status()).reachable).toBe(false);
    expect(await bench.routing.expert('trunk-137')).toBeNull();
  });

  test('many changes in a row end as the last one said', async () => {
    const desk = await started();
    for (let n = 0; n <= 40; n += 1) {
      bench.exchange.say({ type: 'contact', endpoint: 'e001', reachable: n % 2 === 0, at: n });
    }
    await desk.settle();
    expect((await status()).reachable).toBe(true);
  });

  test('a lost event is found by the sweep', async () => {
    await started({ sweepSeconds: 0.05 });
    bench.exchange.online.add('e001');
    await waitFor(async () => (await status()).reachable);
  });
});

describe('feature codes', () => {
  test.each([
    ['*46', 'paused', 'keypad'],
    ['*47', 'offline', null],
  ])('%s: %s, told to routing, to the caller and to PostgreSQL', async (code, intent, reason) => {
    const desk = await started();
    expect(await dial(desk, code)).toEqual(['answer c1', `play c1 feature/${intent}`, 'hangup c1']);
    expect(await status()).toMatchObject({ intent });
    await waitFor(() => desk.unsaved() === 0);
    expect(await presenceHistory(bench.pool, 'e001')).toEqual([
      { intent: 'ready', reason: null, actor: 'system', open: false },
      { intent, reason, actor: 'expert:e001', open: true },
    ]);
    expect(await dial(desk, '*45')).toContain('play c1 feature/ready');
    await waitFor(async () => (await presenceHistory(bench.pool, 'e001')).length === 3);
    expect((await presenceHistory(bench.pool, 'e002')).length).toBe(1);
  });

  test('the same state keyed twice is one row', async () => {
    const desk = await started();
    await dial(desk, '*46');
    await dial(desk, '*46');
    await waitFor(() => desk.unsaved() === 0);
    expect(await presenceHistory(bench.pool, 'e001')).toHaveLength(2);
  });

  test('*5N sets the outcome, or says that it could not', async () => {
    const desk = await started();
    expect(await dial(desk, '*54')).toEqual(['answer c1', 'play c1 feature/outcome-saved', 'hangup c1']);
    expect(await dial(desk, '*59', 'e003')).toContain('play c1 feature/refused');
    expect(bench.outcomes).toEqual(['e001 4', 'e003 9']);
  });

  test.each([
    ['saved-earlier', 'outcome-saved-earlier'],
    ['none-missing', 'no-outcome-missing'],
  ] as const)('*5N outside a wrap-up tells %s', async (came, prompt) => {
    const desk = await started({ setOutcome: () => Promise.resolve(came) });
    expect(await dial(desk, '*51')).toEqual(['answer c1', `play c1 feature/${prompt}`, 'hangup c1']);
  });

  test('whoever owes an outcome is asked for it behind what they keyed', async () => {
    const desk = await started({ owesOutcome: (expertId) => Promise.resolve(expertId === 'e001') });
    const asked = 'play c1 feature/paused feature/outcome-missing';
    expect(await dial(desk, '*46')).toEqual(['answer c1', asked, 'hangup c1']);
    expect(await dial(desk, '*46', 'e002')).toContain('play c1 feature/paused');
  });

  test.each([
    ['is not known soon', () => new Promise<boolean>(() => undefined)],
    ['cannot be known', () => Promise.reject(new Error('no ledger'))],
  ])('that an outcome is owed and %s keeps nobody waiting', async (_what, owesOutcome) => {
    expect(await dial(await started({ owesOutcome }), '*45')).toContain('play c1 feature/ready');
  });

  test('a fault is told as such, and the line is not left open', async () => {
    const desk = await started({ setOutcome: () => Promise.reject(new Error('no ledger')) });
    expect(await dial(desk, '*51')).toEqual(['answer c1', 'play c1 feature/unavailable', 'hangup c1']);
  });

  test('only the name of the endpoint says who calls; anyone else is hung up on', async () => {
    const desk = await started();
    const { exchange } = bench;
    for (const name of ['PJSIP/trunk-137-00000001', 'Local/e001@experts-00000001;1']) {
      exchange.deeds.length = 0;
      const event = dialled('c9', name, '*47');
      if (event.type === 'channel-entered') event.channel.callerNumber = 'e001';
      exchange.say(event);
      await desk.settle();
      expect(exchange.deeds).toEqual(['hangup c9']);
    }
    expect(await status()).toMatchObject({ intent: 'ready' });
  });

  test('unknown codes and unknown experts are refused', async () => {
    const desk = await started();
    expect(await dial(desk, '*99')).toContain('play c1 feature/refused');
    expect(await dial(desk, '*45', 'e404')).toContain('play c1 feature/refused');
    expect(await bench.routing.expert('e404')).toBeNull();
  });

  test('whoever hangs up during the phrase has said what they want', async () => {
    const desk = await started();
    const { exchange } = bench;
    exchange.say(dialled('c1', 'PJSIP/e001-0000000a', '*46'));
    await waitFor(() => exchange.deeds.includes('play c1 feature/paused'));
    exchange.say({ type: 'channel-left', channelId: 'c1', at: Date.now() });
    await desk.settle();
    expect(await status()).toMatchObject({ intent: 'paused' });
    expect(exchange.deeds).toContain('hangup c1');
  });

  test('a call left standing while we were away is served when we are back', async () => {
    bench.exchange.standing.push(channelOf('c7', 'PJSIP/e001-0000000b', '*47'));
    const desk = await started();
    await waitFor(() => bench.exchange.deeds.includes('play c7 feature/offline'));
    bench.exchange.say({
      type: 'playback-finished',
      playbackId: 'feature-c7',
      failed: false,
      at: Date.now(),
    });
    await desk.settle();
    expect(await status()).toMatchObject({ intent: 'offline' });
  });
});

describe('PostgreSQL away', () => {
  test('what is keyed counts at once, is kept later in order, and is not undone by a reload', async () => {
    const desk = await started();
    await bench.shut(true);
    expect(await dial(desk, '*46')).toContain('play c1 feature/paused');
    expect(await dial(desk, '*47')).toContain('play c1 feature/offline');
    expect(await status()).toMatchObject({ intent: 'offline' });
    expect(desk.unsaved()).toBe(2);
    const reloaded = desk.reload();
    await bench.shut(false);
    await reloaded;
    await waitFor(() => desk.unsaved() === 0);
    await desk.reload();
    expect(await status()).toMatchObject({ intent: 'offline' });
    expect((await presenceHistory(bench.pool, 'e001')).map(({ intent }) => intent)).toEqual([
      'ready',
      'paused',
      'offline',
    ]);
  });

  test('news that come late do not undo what was decided since', async () => {
    const desk = await started();
    // The later decision is there first, so that no race decides which of the two is written first.
    await bench.pool.query(
      "update expert_presence set valid_to = now() where expert_id = 'e001' and valid_to is null",
    );
    await bench.pool.query(
      "insert into expert_presence (expert_id, intent, valid_from, actor) values ('e001', 'offline', now() + interval '1 minute', 'account:1')",
    );
    await bench.shut(true);
    await dial(desk, '*46');
    await bench.shut(false);
    await waitFor(() => desk.unsaved() === 0);
    expect((await presenceHistory(bench.pool, 'e001')).map(({ intent }) => intent)).toEqual([
      'ready',
      'offline',
    ]);
  });
});

describe('Redis emptied', () => {
  test('the sweep finds it and brings everything back', async () => {
    const desk = await started({ sweepSeconds: 0.05 });
    bench.exchange.online.add('e001');
    await dial(desk, '*46', 'e002');
    await waitFor(() => desk.unsaved() === 0);
    await bench.redis.flushdb();
    await waitFor(async () => (await bench.routing.experts()).length === 3);
    await waitFor(async () => (await status('e001')).reachable);
    expect(await status('e002')).toMatchObject({ intent: 'paused', reason: 'keypad' });
  });
});

describe('what routing decides', () => {
  test('a pause by misses and its end are kept as the doing of the system', async () => {
    await bench.close();
    bench = await deskBench(1);
    await addDemoExperts(bench.pool, 1);
    const desk = await started();
    const { routing } = bench;
    await routing.setReachable('e001', true);
    routing.onOffer(({ offerId }) => void routing.miss(offerId, 'no-answer'));
    const callId = '01890000-0000-7000-8000-00000000000b';
    await routing.enqueue({ callId, specialty: 'urban-planning', score: 1, queuedAt: Date.now() });
    await waitFor(async () => (await presenceHistory(bench.pool, 'e001')).length >= 2, 20_000);
    await routing.leave(callId);
    await waitFor(async () => (await presenceHistory(bench.pool, 'e001')).length >= 3, 20_000);
    await waitFor(() => desk.unsaved() === 0);
    expect((await presenceHistory(bench.pool, 'e001')).slice(1)).toEqual([
      { intent: 'paused', reason: 'missed-offers', actor: 'system', open: false },
      { intent: 'ready', reason: null, actor: 'system', open: true },
    ]);
  });

  test('a pause that ran out while nobody watched is over at the start', async () => {
    await bench.pool.query("update expert_presence set valid_to = now() where expert_id = 'e001'");
    await bench.pool.query(
      `insert into expert_presence (expert_id, intent, reason, until, actor)
       values ('e001', 'paused', 'missed-offers', now() - interval '1 minute', 'system')`,
    );
    await started();
    expect(await status()).toMatchObject({ intent: 'ready' });
  });
});
