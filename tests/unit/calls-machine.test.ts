import { describe, expect, it } from 'vitest';
import { EVENTS, STATES, type CallEvent } from '../../src/calls/call.ts';
import { waitingEntry } from '../../src/calls/queue-entry.ts';
import { TABLE, begin, diagram, step } from '../../src/calls/machine.ts';
import type { MissReason } from '../../src/routing/routing.ts';
import {
  arrival,
  closed,
  deeds,
  entries,
  feed,
  feedAt,
  inMenu,
  inQueue,
  isConnecting,
  isRinging,
  isTalking,
  kinds,
  offered,
  NOW,
  open,
  settings,
  start,
  timer,
  wordsOver,
  type Walk,
} from '../support/call-fixtures.ts';

const hangUp = { type: 'citizen-gone', cause: 16 } as const;
const digit = (key: string) => ({ type: 'citizen-digit', digit: key }) as const;
const lastEntry = (walk: ReturnType<typeof start>) => entries(walk.all).at(-1);

describe('the table', () => {
  it('has an arrow or a reason to ignore for every event in every state', () => {
    const cells = STATES.flatMap((state) =>
      EVENTS.map((event) => [state, event, TABLE[state][event]] as const),
    );
    expect(cells).toHaveLength(STATES.length * EVENTS.length);
    for (const [state, event, cell] of cells) {
      const told = 'ignore' in cell ? cell.ignore.length > 10 : typeof cell.run === 'function';
      expect(told, `${state} × ${event}`).toBe(true);
    }
  });

  it('draws every state and every arrow between two of them', () => {
    const drawing = diagram();
    for (const state of STATES) expect(drawing).toContain(state.replaceAll('-', '_'));
    expect(drawing).toContain('  ringing --> connecting: expert-answered');
    expect(drawing).toContain('  talking --> wrap_up: citizen-gone, expert-gone');
  });
});

describe('reception', () => {
  it('writes the row before the first word', () => {
    const walk = start();
    expect(walk.effects[0]).toMatchObject({
      do: 'record',
      entry: { kind: 'call.entered', seq: 1, data: arrival.facts },
    });
    expect(walk.effects[1]).toMatchObject({ do: 'play', sounds: ['clinic/greeting'] });
  });

  it('enters with number 1 though another may have had the call before, and goes on above what that one wrote', () => {
    const again = begin({ ...arrival, firstSeq: 41_000 }, settings, NOW);
    expect(again.effects[0]).toMatchObject({ do: 'record', entry: { kind: 'call.entered', seq: 1 } });
    const { effects } = step(again.call, hangUp, settings, NOW);
    expect(effects.find((effect) => effect.do === 'record')).toMatchObject({ entry: { seq: 41_001 } });
  });

  it('asks for the hours after the greeting and then offers the menu', () => {
    const asked = feed(start(), wordsOver);
    expect(asked.call.state).toBe('hours-check');
    expect(asked.effects).toContainEqual({ do: 'ask-hours', specialty: null });
    const walk = feed(asked, open(null));
    expect(walk.call.state).toBe('menu');
    expect(walk.effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['clinic/menu'] }));
  });

  it('goes on when Asterisk never tells that the greeting is over', () => {
    expect(feed(start(), timer('silence')).call.state).toBe('hours-check');
  });

  it('takes a digit during the greeting and cuts the words off', () => {
    const walk = feed(start(), digit('4'));
    expect(walk.call.state).toBe('hours-check');
    expect(deeds(walk.effects)).toEqual(['stop-playing', 'ask-hours']);
    expect(feed(walk, open('finance')).call).toMatchObject({ state: 'position', specialty: 'finance' });
  });

  it('keeps a digit pressed in the instant the hours are asked for', () => {
    const walk = feed(start(), wordsOver, digit('1'), open(null), open('urban-planning'));
    expect(walk.call).toMatchObject({ state: 'position', specialty: 'urban-planning' });
  });

  it('repeats the menu on 0 without counting a miss', () => {
    const walk = feed(inMenu(), digit('0'));
    expect(walk.call).toMatchObject({ state: 'menu', menuMisses: 0 });
    expect(walk.effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['clinic/menu'] }));
  });

  it.each(['5', '9', '*', '#'])('says that %s is no choice and asks again', (key) => {
    const walk = feed(inMenu(), digit(key));
    expect(walk.call).toMatchObject({ state: 'menu', menuMisses: 1 });
    expect(entries(walk.effects)[0]).toMatchObject({
      kind: 'menu.missed',
      data: { digit: key, attempt: 1 },
      actor: 'citizen',
    });
    expect(walk.effects).toContainEqual(
      expect.objectContaining({ do: 'play', sounds: ['clinic/invalid', 'clinic/menu'] }),
    );
  });

  it('takes a citizen who presses nothing to the experts of the default specialty after three prompts', () => {
    const silent = feed(
      inMenu(),
      wordsOver,
      timer('silence'),
      wordsOver,
      timer('silence'),
      wordsOver,
      timer('silence'),
    );
    expect(silent.call).toMatchObject({ state: 'hours-check', specialty: 'urban-services', menuMisses: 3 });
    const walk = feed(silent, open('urban-services'), { type: 'queue-joined', position: 1 });
    expect(kinds(walk.all).filter((kind) => kind === 'menu.missed')).toHaveLength(3);
    expect(entries(walk.all)).toContainEqual(
      expect.objectContaining({ kind: 'menu.chosen', data: { specialty: 'urban-services', by: 'default' } }),
    );
    expect(walk.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: expect.arrayContaining(['clinic/to-default', 'ordinal/1']) as string[],
      }),
    );
    const again = feed(walk, wordsOver, timer('repeat-position'), { type: 'position-told', position: 1 });
    expect(JSON.stringify(again.effects)).toContain('ordinal/1');
    expect(JSON.stringify(again.effects)).not.toContain('clinic/to-default');
  });

  it('starts the silence anew when the words are over, and ignores the timer of an earlier prompt', () => {
    const before = inMenu();
    const walk = feed(before, digit('0'));
    expect(feed(walk, () => timer('silence')(before.call)).call).toBe(walk.call);
  });

  it('tells the next opening when closed, and what there is instead', () => {
    const walk = feed(start(), wordsOver, closed(null));
    expect(walk.call).toMatchObject({ state: 'closed', ending: 'closed' });
    expect(walk.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: ['closed/clinic', 'closed/opens', 'day/tomorrow', 'hour/8', 'closed/keys'],
      }),
    );
  });

  it('keeps the ending closed when the citizen hangs up during the announcement', () => {
    expect(lastEntry(feed(start(), wordsOver, closed(null), hangUp))).toMatchObject({
      data: { ending: 'closed' },
    });
  });

  it('turns away from a specialty that is closed while the clinic is open', () => {
    const walk = feed(inMenu(), digit('1'), closed('urban-planning'));
    expect(walk.call).toMatchObject({ state: 'closed', specialty: 'urban-planning', ending: 'closed' });
  });

  it.each([
    ['greeting', start()],
    ['hours-check', feed(start(), wordsOver)],
    ['menu', inMenu()],
    ['position', inQueue()],
    ['waiting', feed(inQueue(), wordsOver)],
    ['ringing', isRinging()],
    ['connecting', isConnecting()],
  ])('ends as abandoned when the citizen hangs up in %s', (state, walk) => {
    expect(walk.call.state).toBe(state);
    const over = feed(walk, hangUp);
    expect(over.call.state).toBe('ended');
    expect(lastEntry(over)).toMatchObject({
      kind: 'call.ended',
      data: { ending: 'abandoned', state, cause: 16 },
    });
  });
});

/** By now a key is no slip of the menu's any more. */
const LATER = NOW + 2000;

describe('waiting', () => {
  it('joins the queue, tells the place, then plays music', () => {
    const walk = inQueue();
    expect(walk.call.state).toBe('position');
    expect(walk.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: ['queue/you-are', 'ordinal/3', 'queue/in-line', 'queue/please-wait', 'queue/keys'],
      }),
    );
    const music = feed(walk, wordsOver);
    expect(music.call.state).toBe('waiting');
    expect(music.effects).toContainEqual({ do: 'music', on: true });
  });

  it('tells the place again after a while', () => {
    const asked = feed(inQueue(), wordsOver, timer('repeat-position'));
    expect(deeds(asked.effects)).toEqual(['ask-position']);
    const told = feed(asked, { type: 'position-told', position: 2 });
    expect(deeds(told.effects)).toEqual(['play', 'timer']);
    expect(feed(asked, { type: 'position-told', position: null }).call.state).toBe('waiting');
  });

  it('tries to join again when the queue is away, and hands over to the message service in the end', () => {
    const failed = { type: 'queue-failed', code: 'redis-away', detail: 'x' } as const;
    let walk = feed(inMenu(), digit('2'), open('transport'), failed);
    expect(deeds(walk.effects)).toEqual(['music', 'timer']);
    expect(deeds(feed(walk, timer('join-again')).effects)).toEqual(['join-queue']);
    for (let tries = 1; tries < 10; tries++) walk = feed(walk, timer('join-again'), failed);
    expect(walk.call).toMatchObject({ state: 'leaving', ending: 'failed' });
    expect(deeds(walk.effects)).toEqual(['leave-queue', 'to-fallback', 'timer']);
    expect(lastEntry(feed(walk, hangUp))).toMatchObject({ data: { ending: 'failed' } });
    // Once the exchange has the citizen, it is the exchange that tells how the call ended.
    const handed = feed(walk, { type: 'handed-over', kept: true });
    expect(handed.call.state).toBe('ended');
    expect(kinds(handed.effects)).toEqual([]);
  });

  describe.each([
    ['1', 'callback'],
    ['2', 'message'],
  ])('and keys %s', (key, wish) => {
    it.each<[string, Walk, string[]]>([
      ['position', inQueue(), ['stop-playing', 'leave-queue', 'to-fallback', 'timer']],
      ['waiting', feed(inQueue(), wordsOver), ['leave-queue', 'to-fallback', 'timer']],
      [
        'ringing',
        feed(inQueue(), wordsOver, offered('o1')),
        ['stop-ringing', 'leave-queue', 'to-fallback', 'timer'],
      ],
    ])('from %s on leaves the queue for the message service', (state, walk, done) => {
      expect(walk.call.state).toBe(state);
      const left = feedAt(LATER, walk, digit(key));
      expect(left.call).toMatchObject({ state: 'leaving', offer: null, ending: null });
      expect(deeds(left.effects)).toEqual(done);
      expect(left.effects).toContainEqual({ do: 'to-fallback', wish });
      expect(entries(left.effects)[0]).toMatchObject({ kind: 'wish.made', data: { wish } });
      // The exchange tells how the call ends.
      const over = feed(left, { type: 'handed-over', kept: true });
      expect(over.call.state).toBe('ended');
      expect(kinds(over.effects)).toEqual([]);
    });
  });

  it('and keys anything else stays where it is', () => {
    for (const key of ['0', '3', '#', '*'])
      expect(feedAt(LATER, isRinging(), digit(key)).call).toMatchObject({ state: 'ringing' });
  });

  it('keys the choice twice and has made it once', () => {
    const twice = feedAt(LATER - 1, inQueue(), digit('1'));
    expect(twice.call.state).toBe('position');
    expect(twice.effects).toEqual([]);
  });

  it('is owed a call where the message service cannot be reached, at the second try either', () => {
    const left = feedAt(LATER, inQueue(), digit('1'));
    const again = feed(left, timer('last-words'));
    expect(deeds(again.effects)).toEqual(['to-fallback', 'timer']);
    expect(deeds(feed(again, timer('last-words')).effects)).toEqual(['hang-up-citizen']);
    expect(lastEntry(feed(again, timer('last-words'), hangUp))).toMatchObject({ data: { ending: 'failed' } });
    // Who hangs up before that has left; the wish makes it a call to be returned.
    expect(lastEntry(feed(left, hangUp))).toMatchObject({ data: { ending: 'abandoned' } });
  });

  it('gives an offer back that comes when nobody waits', () => {
    for (const walk of [inMenu(), feed(start(), wordsOver, closed(null)), feed(isTalking(), hangUp)])
      expect(deeds(feed(walk, offered('o9')).effects)).toEqual(['leave-queue']);
  });

  it('writes the place down even when the answer comes only after another process took over', () => {
    const unanswered = feed(inMenu(), digit('2'), open('transport'), {
      type: 'position-told',
      position: null,
    });
    expect(unanswered.call).toMatchObject({ state: 'waiting', joined: false });
    const joined = feed(unanswered, { type: 'queue-joined', position: 4 });
    expect(kinds(joined.effects)).toEqual(['call.queued']);
    expect(kinds(feed(joined, { type: 'queue-joined', position: 4 }).effects)).toEqual([]);
  });

  it('writes the place down by the offer, where the answer that told it was lost', () => {
    const failed: CallEvent = { type: 'queue-failed', code: 'redis-failed', detail: '' };
    const inPosition = feed(inMenu(), digit('2'), open('transport'), failed);
    expect(inPosition.call).toMatchObject({ state: 'position', joined: false });
    const rung = feed(inPosition, offered('o1'));
    expect(kinds(rung.effects)).toEqual(['call.queued', 'offer.made']);
    expect(rung.call).toMatchObject({ state: 'ringing', joined: true });
  });

  it('rings the offered expert while the announcement goes on', () => {
    const walk = isRinging();
    expect(walk.call.state).toBe('ringing');
    expect(deeds(walk.effects)).toEqual(['ring', 'timer']);
    expect(deeds(feed(walk, wordsOver).effects)).toEqual(['music']);
  });

  it.each(['busy', 'declined', 'unreachable', 'lost'] as const)(
    'passes on when the expert is %s',
    (reason) => {
      const walk = feed(isRinging(), { type: 'expert-failed', offerId: 'o1', reason });
      expect(walk.call).toMatchObject({ state: 'waiting', offer: null });
      expect(entries(walk.effects)[0]).toMatchObject({
        kind: 'offer.ended',
        data: { offerId: 'o1', result: reason },
      });
      expect(walk.effects).toContainEqual({ do: 'miss', offerId: 'o1', reason });
    },
  );

  it('stops ringing and passes on when nobody answers in time', () => {
    const walk = feed(isRinging(), timer('no-answer'));
    expect(walk.effects).toContainEqual({ do: 'stop-ringing', offerId: 'o1' });
    expect(walk.effects).toContainEqual({ do: 'miss', offerId: 'o1', reason: 'no-answer' });
    expect(feed(walk, offered('o2', 'e002')).call).toMatchObject({
      state: 'ringing',
      offer: { offerId: 'o2' },
    });
  });

  it('takes a new offer in place of one whose telephone has vanished', () => {
    const walk = feed(isRinging(), offered('o2', 'e002'));
    expect(entries(walk.effects).map((entry) => entry.kind)).toEqual(['offer.ended', 'offer.made']);
    expect(walk.effects).toContainEqual({ do: 'stop-ringing', offerId: 'o1' });
  });

  it('hangs up an expert who answers an offer that no longer stands', () => {
    const walk = feed(isRinging(), timer('no-answer'), { type: 'expert-answered', offerId: 'o1' });
    expect(walk.effects).toEqual([{ do: 'stop-ringing', offerId: 'o1' }]);
  });

  it('stops the ringing and leaves the queue when the citizen hangs up', () => {
    expect(deeds(feed(isRinging(), hangUp).effects)).toEqual(['stop-ringing', 'leave-queue']);
  });
});

describe('connecting and talking', () => {
  it('cuts words and music, then joins the two', () => {
    const walk = feed(isConnecting(), { type: 'accept-told', offerId: 'o1', accepted: true });
    expect(deeds(walk.effects)).toEqual(['stop-playing', 'music', 'bridge']);
    const talk = feed(walk, { type: 'bridged', offerId: 'o1' });
    expect(talk.call).toMatchObject({ state: 'talking', offer: null, talk: { expertId: 'e001' } });
    expect(kinds(talk.effects)).toEqual(['offer.ended', 'call.answered']);
  });

  it('goes back to waiting when the offer no longer stands', () => {
    const walk = feed(isConnecting(), { type: 'accept-told', offerId: 'o1', accepted: false });
    expect(walk.call).toMatchObject({ state: 'waiting', offer: null });
    expect(walk.effects).toContainEqual({ do: 'stop-ringing', offerId: 'o1' });
    // If the offer fell because Redis was emptied, the citizen would otherwise stand in no queue.
    expect(deeds(walk.effects)).toContain('join-queue');
  });

  it('frees both sides when the citizen hangs up in the instant of the answer', () => {
    const walk = feed(isConnecting(), hangUp);
    expect(deeds(walk.effects)).toEqual(['end-talk', 'leave-queue', 'release']);
    expect(kinds(walk.effects)).toEqual(['offer.ended', 'call.ended']);
  });

  it('keeps the place when the expert is lost in the instant of the answer', () => {
    const walk = feed(isConnecting(), { type: 'expert-gone', offerId: 'o1', cause: 38 });
    expect(walk.call.state).toBe('waiting');
    expect(deeds(walk.effects)).toContain('rejoin-queue');
  });

  it('says goodbye when the expert hangs up first', () => {
    const walk = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 16 });
    expect(walk.call).toMatchObject({ state: 'wrap-up', ending: 'answered' });
    expect(deeds(walk.effects)).toEqual(['release', 'timer', 'end-talk', 'play', 'timer']);
    const over = feed(walk, wordsOver, hangUp);
    expect(lastEntry(over)).toMatchObject({ kind: 'call.ended', data: { ending: 'answered' } });
    expect(feed(over, { type: 'wrap-up-ended', expertId: 'e001' }).call.state).toBe('ended');
  });

  it('ends the call when the citizen hangs up and waits for the wrap-up', () => {
    const walk = feed(isTalking(), hangUp);
    expect(kinds(walk.effects)).toEqual(['segment.ended', 'call.ended']);
    expect(walk.effects).toContainEqual({ do: 'release', wrapUpSeconds: 30 });
    expect(walk.call.state).toBe('wrap-up');
  });

  it('ends the wrap-up by itself when nobody tells that it is over', () => {
    const walk = feed(isTalking(), hangUp, timer('wrap-up-over'));
    expect(walk.call.state).toBe('ended');
    expect(walk.effects).toContainEqual({ do: 'release', wrapUpSeconds: 0 });
    expect(kinds(walk.effects)).toEqual(['wrap-up.ended']);
  });

  it('still says goodbye when the wrap-up ends first', () => {
    const walk = feed(
      isTalking(),
      { type: 'expert-gone', offerId: 'o1', cause: 16 },
      { type: 'wrap-up-ended', expertId: 'e001' },
    );
    expect(walk.call.state).toBe('leaving');
    expect(deeds(feed(walk, wordsOver).effects)).toEqual(['hang-up-citizen']);
    expect(lastEntry(feed(walk, hangUp))).toMatchObject({ data: { ending: 'answered' } });
  });

  it('puts the citizen back to the queue when the line to the expert breaks', () => {
    const walk = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 44 });
    expect(walk.call).toMatchObject({ state: 'waiting', talk: null });
    expect(entries(walk.effects)[0]).toMatchObject({ kind: 'segment.ended', data: { by: 'fault' } });
    expect(deeds(walk.effects)).toEqual(['end-talk', 'rejoin-queue', 'play', 'timer']);
    expect(walk.effects).toContainEqual(expect.objectContaining({ do: 'play', sounds: ['talk/cut-off'] }));
    expect(deeds(feed(walk, wordsOver).effects)).toEqual(['music']);
  });

  it('keeps a citizen who was cut off for the same expert, at the old place', () => {
    const { call } = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 44 });
    expect(call.window).toEqual({ expertId: 'e001', until: NOW + 20_000 });
    const { score, queuedAt, window } = waitingEntry(call);
    expect({ score, queuedAt, window }).toEqual({ score: NOW, queuedAt: NOW, window: call.window });
  });

  it('for nobody where none is to be waited for', () => {
    const now = { ...settings, sameExpertSeconds: 0 };
    const lost = step(isTalking().call, { type: 'expert-gone', offerId: 'o1', cause: 44 }, now, NOW);
    expect(lost.call).toMatchObject({ state: 'waiting', window: null });
  });

  it('no longer when that expert declines, or the two talk again', () => {
    const again = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 44 }, offered('o2'));
    const failed = (reason: MissReason) => feed(again, { type: 'expert-failed', offerId: 'o2', reason }).call;
    expect(failed('declined').window).toBeNull();
    expect(failed('unreachable').window).not.toBeNull();
    const answered: CallEvent[] = [
      { type: 'expert-answered', offerId: 'o2' },
      { type: 'accept-told', offerId: 'o2', accepted: true },
      { type: 'bridged', offerId: 'o2' },
    ];
    expect(feed(again, ...answered).call).toMatchObject({ state: 'talking', window: null });
  });

  it('tells of its recording what was done and by whom, as long as it lasts', () => {
    const switched = (paused: boolean, offerId = 'o1'): CallEvent => ({
      ...{ type: 'recording-switched', offerId, paused, actor: 'expert:e001' },
    });
    const walk = feed(isTalking(), switched(true), switched(false));
    expect(walk.call.state).toBe('talking');
    expect(entries(feed(isTalking(), switched(true)).effects)).toMatchObject([
      { kind: 'recording.paused', actor: 'expert:e001', data: { offerId: 'o1' } },
    ]);
    expect(kinds(walk.effects)).toEqual(['recording.resumed']);
    expect(feed(isTalking(), switched(true, 'o0')).effects).toEqual([]);
    expect(feed(isTalking(), hangUp, switched(false)).effects).toEqual([]);
  });

  describe('with a telephone that vanishes', () => {
    const vanished = (offerId = 'o1'): CallEvent => ({ type: 'telephone-vanished', offerId });
    const counted = (packets: number | null): CallEvent => ({ type: 'packets-told', offerId: 'o1', packets });
    const again = timer('listen-again');

    it('is over when no voice comes any more', () => {
      const first = feed(isTalking(), vanished());
      expect(deeds(first.effects)).toEqual(['count-packets']);
      const walk = feed(first, counted(500), again);
      expect(walk.call.state).toBe('talking');
      expect(deeds(walk.effects)).toEqual(['count-packets']);
      expect(feed(walk, counted(500)).call).toMatchObject({ state: 'waiting', window: { expertId: 'e001' } });
    });

    it('is over too when a voice came for a moment longer', () => {
      const walk = feed(isTalking(), vanished(), counted(500), again, counted(512), again, counted(512));
      expect(walk.call.state).toBe('waiting');
    });

    it('goes on while the voice comes, and the next time is listened again', () => {
      const heard = [counted(1), again, counted(51), again, counted(101), again, counted(151)];
      const walk = feed(isTalking(), vanished(), ...heard);
      expect(walk.call).toMatchObject({ state: 'talking', listening: null });
      expect(walk.effects).toEqual([]);
      expect(deeds(feed(walk, vanished()).effects)).toEqual(['count-packets']);
    });

    it('goes on where nothing can be said, as when they hold', () => {
      const walk = feed(isTalking(), vanished(), counted(null));
      expect(walk.call).toMatchObject({ state: 'talking', listening: null });
      expect(walk.effects).toEqual([]);
    });

    it('is not judged by two counts of one moment', () => {
      const walk = feed(isTalking(), vanished(), vanished());
      expect(walk.effects).toEqual([]);
      expect(feed(isTalking(), counted(7), counted(7)).call.state).toBe('talking');
      expect(feed(isTalking(), vanished('o9')).effects).toEqual([]);
    });
  });

  it("takes an outcome from the talk's own expert only", () => {
    const toDo = feed(isTalking(), { type: 'outcome-set', expertId: 'e001', code: 'follow-up-needed' });
    expect(lastEntry(toDo)).toMatchObject({ data: { code: 'follow-up-needed', followUp: true } });
    const mine = feed(isTalking(), hangUp, { type: 'outcome-set', expertId: 'e001', code: 'resolved' });
    expect(lastEntry(mine)).toMatchObject({
      kind: 'outcome.set',
      data: { code: 'resolved' },
      actor: 'expert:e001',
    });
    expect(
      feed(isTalking(), hangUp, { type: 'outcome-set', expertId: 'e009', code: 'resolved' }).effects,
    ).toEqual([]);
  });
});

describe('the exchange lost', () => {
  const lost = { type: 'exchange-lost' } as const;
  const end = (walk: Walk) => entries(walk.all).findLast(({ kind }) => kind === 'call.ended');

  it.each<[string, () => Walk, string[]]>([
    ['greeting', start, []],
    ['menu', inMenu, []],
    ['position', inQueue, ['leave-queue']],
    ['waiting', () => feed(inQueue(), wordsOver), ['leave-queue']],
    ['ringing', isRinging, ['end-talk', 'leave-queue']],
    ['connecting', isConnecting, ['end-talk', 'leave-queue', 'release']],
    ['talking', isTalking, ['release']],
  ])('closes a call in %s once as failed, by nobody at a telephone', (state, at, freed) => {
    expect(at().call.state).toBe(state);
    const walk = feed(at(), lost, lost, hangUp);
    expect(walk.call.state).toBe('ended');
    expect(kinds(walk.all).filter((kind) => kind === 'call.ended')).toHaveLength(1);
    expect(end(walk)).toMatchObject({
      actor: 'system',
      data: { ending: 'failed', state, note: 'exchange-lost' },
    });
    expect(deeds(feed(at(), lost).effects)).toEqual(freed);
  });

  it('says of a ring that it was lost, and of a talk that a fault ended it', () => {
    expect(entries(feed(isRinging(), lost).effects)[0]).toMatchObject({
      ...{ kind: 'offer.ended', data: { result: 'lost' } },
    });
    const talk = feed(isTalking(), lost);
    expect(entries(talk.effects)[0]).toMatchObject({ kind: 'segment.ended', data: { by: 'fault' } });
    expect(talk.effects).toContainEqual({ do: 'release', wrapUpSeconds: 0 });
  });

  it('does not undo what was known before: an answer given, a citizen told that it is closed', () => {
    const served = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 16 }, lost);
    expect(served.call.state).toBe('wrap-up');
    expect(end(served)).toMatchObject({ data: { ending: 'answered' } });
    expect(end(feed(start(), wordsOver, closed(null), lost))).toMatchObject({ data: { ending: 'closed' } });
  });
});

describe('the citizen in the hands of the dialplan', () => {
  const handed = { type: 'handed-over', kept: true } as const;
  const letGo = { type: 'handed-over', kept: false } as const;

  it.each<[string, () => Walk]>([
    ['greeting', start],
    ['menu', inMenu],
    ['position', inQueue],
    ['ringing', isRinging],
    ['connecting', isConnecting],
  ])('is over for us from %s on, and its end is not ours to write', (_state, at) => {
    const walk = feed(at(), handed);
    expect(walk.call).toMatchObject({ state: 'ended', citizenGone: false, offer: null });
    expect(kinds(walk.all)).not.toContain('call.ended');
  });

  it('who hears last words there and no more was cut off: the call has failed', () => {
    const brokenOff = feed(isTalking(), { type: 'expert-gone', offerId: 'o1', cause: 44 });
    expect(brokenOff.call.state).toBe('waiting');
    const over = feed(brokenOff, letGo);
    expect(over.call.state).toBe('ended');
    expect(lastEntry(over)).toMatchObject({ kind: 'call.ended', data: { ending: 'failed' } });
  });

  it('knows how the call ends once the last words are said: its end is written', () => {
    const served = feed(
      isTalking(),
      { type: 'expert-gone', offerId: 'o1', cause: 16 },
      {
        type: 'wrap-up-ended',
        expertId: 'e001',
      },
    );
    expect(served.call.state).toBe('leaving');
    for (const [walk, ending] of [
      [served, 'answered'],
      [feed(start(), wordsOver, closed(null)), 'closed'],
    ] as const) {
      for (const event of [handed, letGo]) {
        const over = feed(walk, event);
        expect(over.call.state).toBe('ended');
        expect(lastEntry(over)).toMatchObject({ kind: 'call.ended', data: { ending } });
      }
    }
  });

  it('gives back place and expert', () => {
    expect(deeds(feed(isRinging(), handed).effects)).toEqual(['end-talk', 'leave-queue']);
    expect(entries(feed(isRinging(), handed).effects)[0]).toMatchObject({ data: { result: 'lost' } });
  });

  it('has had the talk: it is answered, and the expert has a wrap-up', () => {
    const walk = feed(isTalking(), handed);
    expect(walk.call.state).toBe('wrap-up');
    expect(kinds(walk.effects)).toEqual(['segment.ended', 'call.ended']);
    expect(lastEntry(walk)).toMatchObject({ data: { ending: 'answered' } });
  });
});
