import { describe, expect, it } from 'vitest';
import type { Entry, History, LedgerCall } from '../bench/soak/history.ts';
import { counts, judge, type Finding } from '../bench/soak/judge.ts';
import { presence } from '../bench/soak/load-seen.ts';
import { readOptions } from '../bench/soak/options.ts';
import { report } from '../bench/soak/report.ts';
import { readExchange, readSip } from '../bench/soak/witness.ts';

/** What the soak's judge makes of hand-made histories: each violation is found, and what is innocent is not. Seconds throughout. */

const at = (seconds: number): number => 1_800_000_000_000 + seconds * 1000;
const iso = (seconds: number): string => new Date(at(seconds)).toISOString();

interface Citizen {
  /** Dials at; the place is taken a second later. */
  from: number;
  to?: number;
  specialty?: string;
  /** Rings: expert, from, to; the last one leads to a talk until `to` where `talks` says so. */
  rings?: readonly { expert: string; from: number; to: number; talks?: number }[];
}

interface Told {
  sip: History['sip'][number];
  row: LedgerCall;
  exchange: History['exchange'];
}

let serial = 0;

/** A citizen's whole call as all three tell it when nothing went wrong. */
function call({ from, to = from + 60, specialty = 'transport', rings = [] }: Citizen): Told {
  const n = ++serial;
  const [channel, uniqueId] = [`PJSIP/trunk-137-${n}`, `clinic-1.${n}`];
  const exchange: History['exchange'][number][] = [];
  const event = (type: string, seconds: number, more: Partial<History['exchange'][number]> = {}): void =>
    void exchange.push({
      ...{ type, at: at(seconds), uniqueId, linkedId: uniqueId, channel, app: 'Stasis', bridge: null },
      ...more,
    });
  const entries: Entry[] = [];
  const write = (kind: string, seconds: number, data: Entry['data'] = {}) =>
    void entries.push({ seq: entries.length + 1, kind, at: at(seconds), data });
  event('CHAN_START', from);
  event('APP_START', from + 0.1);
  write('call.entered', from);
  write('call.queued', from + 1);
  let talked = false;
  for (const [i, { expert, from: rung, to: over, talks }] of rings.entries()) {
    const offerId = `${n}-${i}`;
    const leg = { uniqueId: `exp-${offerId}`, channel: `PJSIP/${expert}-${n}${i}` };
    event('CHAN_START', rung, leg);
    write('offer.made', rung, { offerId, expertId: expert });
    write('offer.ended', over, { offerId });
    if (talks !== undefined) {
      talked = true;
      const bridge = `talk-${offerId}`;
      event('BRIDGE_ENTER', over, { ...leg, bridge });
      event('BRIDGE_ENTER', over, { bridge });
      write('call.answered', over, { offerId, expertId: expert, answeredAt: iso(over) });
      event('BRIDGE_EXIT', talks, { ...leg, bridge });
      event('BRIDGE_EXIT', talks, { bridge });
      write('segment.ended', talks, { expertId: expert, startedAt: iso(over) });
    }
    event('CHAN_END', talks ?? over, leg);
  }
  event('APP_END', to);
  event('CHAN_END', to);
  write('call.ended', to);
  return {
    sip: {
      ...{ sipCallId: `${n}@sipp`, dialledAt: at(from), answeredAt: at(from) },
      end: { at: at(to), by: 'clinic' },
    },
    row: {
      ...{ id: `call-${n}`, sipCallId: `${n}@sipp`, channelId: uniqueId, specialty, entries },
      ...{ ending: talked ? 'answered' : 'abandoned', queuedAt: at(from + 1) },
    },
    exchange: exchange.toSorted((a, b) => a.at - b.at),
  };
}

const history = (told: readonly Told[], more: Partial<History> = {}): History => ({
  sip: told.map(({ sip }) => sip),
  calls: told.map(({ row }) => row),
  exchange: told.flatMap(({ exchange }) => exchange).toSorted((a, b) => a.at - b.at),
  ...{ strays: [], absences: [] },
  ...more,
});
const seen = (...args: Parameters<typeof history>): string[] =>
  judge(history(...args)).map(({ violation, what }) => `${violation}: ${what}`);
const violations = (...args: Parameters<typeof history>): string[] =>
  judge(history(...args)).map(({ violation }) => violation);

const served = (from: number, expert: string, ring = from + 10) =>
  call({ from, to: ring + 30, rings: [{ expert, from: ring, to: ring + 5, talks: ring + 30 }] });
const withEntries = (told: Told, entries: readonly Entry[]): Told => ({
  ...told,
  row: { ...told.row, entries },
});
const without = (told: Told, kind: string): Told =>
  withEntries(
    told,
    told.row.entries.filter((entry) => entry.kind !== kind).map((entry, i) => ({ ...entry, seq: i + 1 })),
  );
const twice = (told: Told, kind: string): Told => {
  const again = told.row.entries.filter((entry) => entry.kind === kind);
  return withEntries(
    told,
    [...told.row.entries, ...again].map((entry, i) => ({ ...entry, seq: i + 1 })),
  );
};

describe('a soak in which nothing went wrong', () => {
  it('has no findings: served in order, hung up while waiting, rung for in vain and served later', () => {
    const missed = { expert: 'e002', from: 12, to: 20 };
    expect(
      seen([
        served(0, 'e001'),
        call({ from: 1, to: 6 }),
        call({ from: 2, to: 60, rings: [missed, { expert: 'e003', from: 20, to: 25, talks: 60 }] }),
        served(3, 'e004', 21),
        served(4, 'e001', 45),
      ]),
    ).toEqual([]);
  });

  it('does not ask for a row of a call the clinic never took', () => {
    const { sip } = call({ from: 0 });
    expect(seen([], { sip: [{ ...sip, answeredAt: null, end: null }] })).toEqual([]);
  });
});

describe('unaccounted', () => {
  const good = served(0, 'e001');

  it.each<[string, Partial<History>, RegExp]>([
    ['a call without a row', { calls: [] }, /has 0 rows/],
    ['a call with two', { calls: [good.row, { ...good.row, id: 'another' }] }, /has 2 rows/],
    ['a row without an end', { calls: [{ ...good.row, ending: null }] }, /without an end/],
    ['a row that nobody dialled', { sip: [] }, /nobody dialled/],
    ['a citizen who was never hung up', { sip: [{ ...good.sip, end: null }] }, /never hung up/],
    [
      'a row of another channel',
      { calls: [{ ...good.row, channelId: 'clinic-9.9' }] },
      /not that of this call/,
    ],
    ['a channel of another moment', { sip: [{ ...good.sip, dialledAt: at(-20) }] }, /not that of this call/],
  ])('%s', (_, more, what) => {
    const found = judge(history([good], more));
    expect(found.map(({ violation }) => violation)).toContain('unaccounted');
    expect(found.map((one) => one.what).join()).toMatch(what);
  });

  it('an answered call in which nobody talked', () => {
    const waited = call({ from: 0 });
    expect(seen([{ ...waited, row: { ...waited.row, ending: 'answered' } }])).toEqual([
      'unaccounted: is said to be answered, and nobody talked',
    ]);
  });
});

describe('an answered call of a citizen who left in that moment', () => {
  it('is innocent: was put into the bridge, and alone there', () => {
    const told = call({ from: 0, rings: [{ expert: 'e001', from: 5, to: 10, talks: 10.001 }] });
    const exchange = told.exchange.filter(
      ({ type, uniqueId }) => !(type.startsWith('BRIDGE') && uniqueId.startsWith('exp-')),
    );
    expect(seen([{ ...told, exchange }])).toEqual([]);
  });
});

describe('double bindings', () => {
  it('an expert with two citizens at once', () => {
    expect(violations([served(0, 'e001'), served(1, 'e001', 20)])).toEqual(['doubleBindings']);
  });

  it('a citizen with two experts at once', () => {
    const rings = [
      { expert: 'e001', from: 5, to: 6, talks: 20 },
      { expert: 'e002', from: 7, to: 8, talks: 20 },
    ];
    const told = call({ from: 0, rings });
    // Asterisk takes a channel out of one bridge to put it into another; here it never left the first.
    const third = { ...told.exchange[0]!, type: 'BRIDGE_ENTER', at: at(9), bridge: 'talk-x' };
    const other = { ...third, uniqueId: 'exp-x', channel: 'PJSIP/e003-1' };
    const same = { ...other, uniqueId: 'exp-y', channel: 'PJSIP/e004-1' };
    const exchange = [...told.exchange.filter(({ bridge }) => bridge === null), third, other, same].toSorted(
      (a, b) => a.at - b.at,
    );
    expect(violations([told], { exchange })).toContain('doubleBindings');
  });

  it('not: the same expert by another leg', () => {
    const told = served(0, 'e001');
    const again = told.exchange
      .filter(({ uniqueId, bridge }) => uniqueId.startsWith('exp-') && bridge !== null)
      .map((event) => ({ ...event, uniqueId: 'exp-again', channel: 'PJSIP/e001-again' }));
    const exchange = [...told.exchange, ...again].toSorted((a, b) => a.at - b.at);
    expect(violations([{ ...told, exchange }])).toEqual([]);
  });

  it('not: the next talk begins in the breath in which the last one ends', () => {
    expect(violations([served(0, 'e001'), served(1, 'e001', 34.95)])).toEqual([]);
  });
});

describe('inversions', () => {
  it('a later citizen has an expert while an earlier one waits', () => {
    const [early, late] = [served(0, 'e001', 40), served(5, 'e002', 20)];
    const [found] = judge(history([early, late]));
    expect(found).toMatchObject({
      violation: 'inversions',
      callId: late.row.id,
      sipCallId: late.sip.sipCallId,
    });
    expect(found?.what).toContain(early.row.id);
  });

  it('a missed ring keeps the place', () => {
    const early = call({
      ...{ from: 0, to: 80 },
      rings: [
        { expert: 'e001', from: 10, to: 15 },
        { expert: 'e002', from: 40, to: 45, talks: 80 },
      ],
    });
    expect(violations([early, served(5, 'e003', 20)])).toEqual(['inversions']);
  });

  it.each<[string, Told, Told]>([
    ['of another specialty', { ...call({ from: 0, specialty: 'finance' }) }, served(5, 'e002', 20)],
    [
      'the earlier one is being rung for',
      call({ from: 0, rings: [{ expert: 'e001', from: 15, to: 30 }] }),
      served(5, 'e002', 20),
    ],
    ['the earlier one has gone', call({ from: 0, to: 19 }), served(5, 'e002', 20)],
    ['the earlier one goes in that moment', call({ from: 0, to: 20.5 }), served(5, 'e002', 20)],
    ['the earlier one is in a talk', served(0, 'e001', 10), served(5, 'e002', 20)],
    [
      'the earlier one was rung for a moment ago',
      call({ from: 0, rings: [{ expert: 'e001', from: 10, to: 19.5 }] }),
      served(5, 'e002', 20),
    ],
    [
      'the later one has been in the queue for less than a second',
      call({ from: 0 }),
      served(18.5, 'e002', 20),
    ],
  ])('not: %s', (_, early, late) => {
    expect(violations([early, late])).toEqual([]);
  });

  it('not: the earlier one was put into the queue only a moment ago, since Redis was away', () => {
    const early = call({ from: 0 });
    const late = early.row.entries.map((entry) =>
      entry.kind === 'call.queued' ? { ...entry, at: at(19.5) } : entry,
    );
    expect(violations([withEntries(early, late), served(5, 'e002', 20)])).toEqual([]);
  });

  it('not: the earlier one has talked and hears the goodbye', () => {
    const early = call({ from: 0, to: 40, rings: [{ expert: 'e001', from: 5, to: 6, talks: 18 }] });
    expect(violations([early, served(5, 'e002', 20)])).toEqual([]);
  });

  it('not: the earlier one was in the hands of the exchange’s message service', () => {
    const early = call({ from: 0 });
    const away = { ...early.exchange[0]!, type: 'APP_END', app: 'Stasis', at: at(10) };
    const exchange = [...early.exchange.slice(0, 2), away, ...early.exchange.slice(2)];
    expect(violations([{ ...early, exchange }, served(5, 'e002', 20)])).toEqual([]);
  });
});

describe('lost', () => {
  it.each(['call.entered', 'call.ended', 'offer.ended', 'call.answered', 'segment.ended'])(
    'no %s',
    (kind) => {
      expect(violations([without(served(0, 'e001'), kind)])).toContain('lost');
    },
  );

  it('a number is missing', () => {
    const told = served(0, 'e001');
    const gap = told.row.entries.map((entry) => ({
      ...entry,
      seq: entry.seq > 3 ? entry.seq + 1 : entry.seq,
    }));
    expect(seen([withEntries(told, gap)])).toEqual(['lost: has a gap between 3 and 5']);
  });

  it('not: made anew without the snapshot the numbers go on from a thousand; a message from the milliard', () => {
    const told = served(0, 'e001');
    const { length } = told.row.entries;
    const anew = told.row.entries.map((entry, i) => {
      if (i === length - 1) return { ...entry, seq: 1_000_000_003 };
      return { ...entry, seq: i > 2 ? 29_998 + i : i + 1 };
    });
    expect(violations([withEntries(told, anew)])).toEqual([]);
  });

  it('an entry the ledger refused, and one that belongs to no call', () => {
    expect(violations([], { strays: [{ callId: 'x', what: 'call.ended was refused' }] })).toEqual(['lost']);
  });

  it('not: a talk that ended while nobody was in control', () => {
    const told = served(0, 'e001');
    const row = {
      ...told.row,
      entries: told.row.entries.filter(({ kind }) => !/answered|segment/.test(kind)),
    };
    const renumbered = { ...row, entries: row.entries.map((entry, i) => ({ ...entry, seq: i + 1 })) };
    expect(violations([{ ...told, row: renumbered }])).toEqual(['lost']);
    const absences = [{ from: at(38), to: at(42) }];
    expect(violations([{ ...told, row: renumbered }], { absences })).toEqual([]);
  });
});

describe('doubled', () => {
  it.each([
    'call.entered',
    'call.queued',
    'call.ended',
    'offer.made',
    'offer.ended',
    'call.answered',
    'segment.ended',
  ])('two of %s', (kind) => {
    expect(violations([twice(served(0, 'e001'), kind)])).toContain('doubled');
  });
});

describe('what is read and said', () => {
  it('SIPp tells of each call', () => {
    const stamp = (seconds: number) => `2026-11-28\t11:29:04.437559\t${(at(seconds) / 1000).toFixed(6)}`;
    const log = [
      ...[`dialled 1-9@127.0.0.1 ${stamp(0)}`, `answered 1-9@127.0.0.1 ${stamp(1)}`],
      ...[`dialled 2-9@127.0.0.1 ${stamp(2)}`, `left 1-9@127.0.0.1 ${stamp(3)}`, ''],
    ].join('\n');
    expect(readSip(log)).toEqual([
      {
        ...{ sipCallId: '1-9@127.0.0.1', dialledAt: at(0), answeredAt: at(1) },
        end: { at: at(3), by: 'citizen' },
      },
      { sipCallId: '2-9@127.0.0.1', dialledAt: at(2), answeredAt: null, end: null },
    ]);
  });

  it('CEL tells of bridges; what is older than the run is left out', () => {
    const line = (type: string, seconds: number) =>
      `"${type}","${at(seconds) / 1000}","exp-1","clinic-1.5","PJSIP/e017-89","experts","Stasis","{""bridge_id"":""talk-1"",""x"":"",""}"`;
    expect(readExchange(`${line('BRIDGE_ENTER', -5)}\n${line('BRIDGE_EXIT', 5)}\n`, at(0))).toEqual([
      {
        ...{ type: 'BRIDGE_EXIT', at: at(5), uniqueId: 'exp-1', linkedId: 'clinic-1.5' },
        ...{ channel: 'PJSIP/e017-89', app: 'Stasis', bridge: 'talk-1' },
      },
    ]);
  });

  it('counts who waits, is rung for and talks', () => {
    const told = [served(0, 'e001'), served(0, 'e002', 12), call({ from: 0 })];
    expect(presence(history(told), { from: at(16), to: at(17) })).toEqual({
      waiting: { p5: 1, p50: 1 },
      ringing: { p5: 1, p50: 1 },
      talking: { p5: 1, p50: 1 },
    });
  });

  it('a finding is told with its call, its SIP Call-ID and its moment', () => {
    const finding: Finding = {
      ...{ violation: 'lost', callId: 'call-1', sipCallId: '1@sipp', at: at(0), what: 'has no call.ended' },
    };
    expect(report([finding], ['bridge x'], [])).toBe(
      `lost: ${iso(0)} call call-1 (SIP 1@sipp) has no call.ended\nleft over: bridge x`,
    );
    expect(counts([finding, finding])).toMatchObject({ lost: 2, doubled: 0 });
  });

  it('takes its options in either form', () => {
    const read = (...args: string[]) => readOptions(args, ['kill', 'stop'], 42);
    expect(read()).toEqual({ minutes: 30, faults: [], seed: 42, settleSeconds: 60 });
    expect(read('--minutes', '2', '--faults', '--seed', '7')).toMatchObject({
      minutes: 2,
      faults: ['kill', 'stop'],
      seed: 7,
    });
    expect(read('--faults=stop', '--settle=5')).toMatchObject({ faults: ['stop'], settleSeconds: 5 });
    for (const wrong of [['--minute', '3'], ['--minutes', 'x'], ['--faults=fire']])
      expect(() => read(...wrong)).toThrow();
  });
});
