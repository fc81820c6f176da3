import { describe, expect, it } from 'vitest';
import {
  ACTIONS,
  decide,
  everBy,
  OVER,
  PARTIES,
  partiesOf,
  STATES,
  UNANSWERED,
  type Action,
  type CaseState,
  type Party,
} from '../../src/cases/rules.ts';
import { ROLES, type Role } from '../../src/staff/rules.ts';

/** Who: h = supervisor and reviewer, o = owner, s = system. `.` = back to whoever had it. */
const UNANSWERED_ROW: Readonly<Record<string, string>> = {
  triage: 'h triaged',
  assign: 'h assigned',
  'ask-citizen': 'ho waiting-citizen',
  refer: 'ho referred',
  answer: 'ho answered',
  withdraw: 'hos withdrawn',
  spam: 'h spam',
  'close-reached': 's closed',
  note: 'ho =',
  'set-follow-up': 'ho =',
  escalate: 's =',
  'call-back': 'hos =',
  'join-call': 's =',
};
const EXPECTED: Readonly<Record<CaseState, Readonly<Record<string, string>>>> = {
  received: UNANSWERED_ROW,
  triaged: UNANSWERED_ROW,
  assigned: UNANSWERED_ROW,
  referred: UNANSWERED_ROW,
  reopened: UNANSWERED_ROW,
  'waiting-citizen': {
    ...UNANSWERED_ROW,
    'citizen-replied': 'ho .',
    'join-call': 's .',
    assign: 'h =',
    close: 'h closed',
  },
  answered: {
    ...{ note: 'ho =', 'set-follow-up': 'ho =', escalate: 's =', 'call-back': 'hos =' },
    ...{ assign: 'h =', answer: 'ho =', 'citizen-thanked': 'ho =' },
    ...{ close: 'ho closed', 'request-reopen': 'hos reopen-requested', reopen: 'h reopened' },
  },
  closed: {
    ...{ note: 'ho =', 'citizen-thanked': 'ho =' },
    ...{ 'request-reopen': 'hos reopen-requested', reopen: 'h reopened' },
  },
  'reopen-requested': { ...UNANSWERED_ROW, reopen: 'ho reopened', close: 'h closed' },
  withdrawn: { note: 'h =', reopen: 'h reopened' },
  spam: { note: 'h =', reopen: 'h reopened' },
};
const WHO: Readonly<Record<string, readonly Party[]>> = {
  h: ['supervisor', 'reviewer'],
  o: ['owner'],
  s: ['system'],
};

function expected(state: CaseState, action: Action, party: Party, owner: string | null) {
  const [who, to] = (EXPECTED[state][action] ?? '').split(' ');
  if (to === undefined)
    return { refused: everBy(action).includes(party) ? ('not-now' as const) : ('not-yours' as const) };
  if (![...(who ?? '')].some((letter) => WHO[letter]?.includes(party)))
    return { refused: 'not-yours' as const };
  if (to === '=') return { to: state };
  return { to: to === '.' ? (owner === null ? 'triaged' : 'assigned') : to };
}

describe('the table', () => {
  it.each(STATES)('says of %s what every action by every party comes to', (state) => {
    for (const action of ACTIONS)
      for (const party of PARTIES)
        for (const owner of [null, 'somebody'])
          expect({ action, party, verdict: decide({ state, owner }, action, [party]) }).toEqual({
            ...{ action, party, verdict: expected(state, action, party, owner) },
          });
  });

  it('lets nobody act who is nothing to the case', () => {
    for (const state of STATES)
      for (const action of ACTIONS)
        expect(decide({ state, owner: null }, action, [])).toEqual({ refused: 'not-yours' });
  });

  it('leads from everywhere to an end, and from every end back', () => {
    for (const from of STATES) {
      const seen = new Set<CaseState>([from]);
      for (const state of seen)
        for (const action of ACTIONS) {
          const verdict = decide({ state, owner: 'somebody' }, action, PARTIES);
          if ('to' in verdict) seen.add(verdict.to);
        }
      expect(OVER.every((end) => seen.has(end))).toBe(true);
      expect(seen.has('reopened')).toBe(true);
    }
  });

  it('leaves nobody unanswered by a name: open without an answer, answered, or over', () => {
    expect([...UNANSWERED, 'answered', ...OVER].toSorted()).toEqual([...STATES].toSorted());
  });
});

describe('an account', () => {
  const me = '01890000-0000-7000-8000-000000000001';
  it.each<[Role, Party[], Party[]]>([
    ['admin', ['supervisor'], ['supervisor', 'owner']],
    ['supervisor', ['supervisor'], ['supervisor', 'owner']],
    ['reviewer', ['reviewer'], ['reviewer', 'owner']],
    ['expert', [], ['owner']],
    ['editor', [], []],
    ['auditor', [], []],
  ])('of role %s is %j for another’s case and %j for its own', (role, another, own) => {
    expect(partiesOf({ accountId: me, role }, null)).toEqual(another);
    expect(partiesOf({ accountId: me, role }, `${me}2`)).toEqual(another);
    expect(partiesOf({ accountId: me, role }, me)).toEqual(own);
  });

  it('is never the system', () => {
    for (const role of ROLES) expect(partiesOf({ accountId: me, role }, me)).not.toContain('system');
  });
});
