import { describe, expect, it } from 'vitest';
import { EVENTS, STATES } from '../../src/calls/call.ts';
import { TABLE, diagram } from '../../src/calls/machine.ts';
import {
  arrival,
  closed,
  deeds,
  entries,
  feed,
  inMenu,
  inQueue,
  isConnecting,
  isRinging,
  isTalking,
  kinds,
  offered,
  open,
  start,
  timer,
  wordsOver,
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
  });

  it('starts the silence anew when the words are over, and ignores the timer of an earlier prompt', () => {
    const before = inMenu();
    const walk = feed(before, digit('0'));
    expect(feed(walk, () => timer('silence')(before.call)).call).toBe(walk.call);
  });

  it('tells the next opening when closed, then hangs up, and the ending is closed', () => {
    const walk = feed(start(), wordsOver, closed(null));
    expect(walk.call).toMatchObject({ state: 'leaving', ending: 'closed' });
    expect(walk.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: ['closed/clinic', 'closed/opens', 'day/tomorrow', 'hour/8'],
      }),
    );
    const over = feed(walk, wordsOver);
    expect(deeds(over.effects)).toEqual(['hang-up-citizen']);
    expect(lastEntry(feed(over, hangUp))).toMatchObject({ kind: 'call.ended', data: { ending: 'closed' } });
  });

  it('keeps the ending closed when the citizen hangs up during the announcement', () => {
    expect(lastEntry(feed(start(), wordsOver, closed(null), hangUp))).toMatchObject({
      data: { ending: 'closed' },
    });
  });

  it('turns away from a specialty that is closed while the clinic is open', () => {
    const walk = feed(inMenu(), digit('1'), closed('urban-planning'));
    expect(walk.call).toMatchObject({ state: 'leaving', specialty: 'urban-planning', ending: 'closed' });
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

describe('waiting', () => {
  it('joins the queue, tells the place, then plays music', () => {
    const walk = inQueue();
    expect(walk.call.state).toBe('position');
    expect(walk.effects).toContainEqual(
      expect.objectContaining({
        do: 'play',
        sounds: ['queue/you-are', 'ordinal/3', 'queue/in-line', 'queue/please-wait'],
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
    const handed = feed(walk, { type: 'handed-over' });
    expect(handed.call.state).toBe('ended');
    expect(kinds(handed.effects)).toEqual([]);
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
    expect(deeds(walk.effects)).toEqual(['end-talk', 'rejoin-queue', 'music', 'timer']);
  });

  it("takes an outcome from the talk's own expert only", () => {
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
