import { covers, type Role } from '../staff/rules.ts';

/** What a case can be, what can be done to it and by whom: one table, from which code, tests and drawing are made. */

export const STATES = [
  'received',
  'triaged',
  'assigned',
  'waiting-citizen',
  'referred',
  'answered',
  'closed',
  'reopen-requested',
  'reopened',
  'withdrawn',
  'spam',
] as const;
export type CaseState = (typeof STATES)[number];

/** Who acts: by role, as the one who owns the case, or the program itself. */
export const PARTIES = ['supervisor', 'reviewer', 'owner', 'system'] as const;
export type Party = (typeof PARTIES)[number];

/** What people do, as the API names it. */
export const HUMAN_ACTIONS = [
  'triage',
  'assign',
  'note',
  'ask-citizen',
  'citizen-replied',
  'citizen-thanked',
  'refer',
  'answer',
  'close',
  'request-reopen',
  'reopen',
  'withdraw',
  'spam',
  'set-follow-up',
] as const;
export type HumanAction = (typeof HUMAN_ACTIONS)[number];

/** What the program does by itself: a redial joins, a citizen was reached by a call or could not be, a deadline draws near. */
export const ACTIONS = [...HUMAN_ACTIONS, 'join-call', 'close-reached', 'call-back', 'escalate'] as const;
export type Action = (typeof ACTIONS)[number];

/** What an action is called in the history. */
export const KIND = {
  triage: 'case.triaged',
  assign: 'case.assigned',
  note: 'case.noted',
  'ask-citizen': 'case.citizen-asked',
  'citizen-replied': 'case.citizen-replied',
  'citizen-thanked': 'case.citizen-thanked',
  refer: 'case.referred',
  answer: 'case.answered',
  close: 'case.closed',
  'request-reopen': 'case.reopen-requested',
  reopen: 'case.reopened',
  withdraw: 'case.withdrawn',
  spam: 'case.marked-spam',
  'set-follow-up': 'case.follow-up-set',
  'join-call': 'case.call-joined',
  'close-reached': 'case.closed',
  /** Something is to be told of the citizen's callback. */
  'call-back': 'case.callback-told',
  escalate: 'case.escalated',
} as const satisfies Record<Action, string>;
export type EntryKind = (typeof KIND)[Action] | 'case.opened';

/** States in which the citizen still waits for us, or we for the citizen: a redial joins such a case. */
export const UNANSWERED: readonly CaseState[] = [
  'received',
  'triaged',
  'assigned',
  'waiting-citizen',
  'referred',
  'reopen-requested',
  'reopened',
];
/** States in which nothing is owed any more. */
export const OVER: readonly CaseState[] = ['closed', 'withdrawn', 'spam'];

export interface Arrow {
  /** `back`: to whoever had it, assigned with an owner, triaged without one. */
  to: CaseState | 'back';
  by: readonly Party[];
}

const HANDLERS: readonly Party[] = ['supervisor', 'reviewer'];
const THOSE_IN_CHARGE: readonly Party[] = [...HANDLERS, 'owner'];
const SYSTEM: readonly Party[] = ['system'];

type Arrows = Partial<Record<Action, Arrow>>;

/** What leaves the state as it is. */
const stays = (state: CaseState): Arrows => ({
  note: { to: state, by: THOSE_IN_CHARGE },
  'set-follow-up': { to: state, by: THOSE_IN_CHARGE },
  'call-back': { to: state, by: [...THOSE_IN_CHARGE, ...SYSTEM] },
  escalate: { to: state, by: SYSTEM },
});

/** What can be done while the citizen has no answer. */
const unanswered = (state: CaseState): Arrows => ({
  ...stays(state),
  triage: { to: 'triaged', by: HANDLERS },
  assign: { to: 'assigned', by: HANDLERS },
  'ask-citizen': { to: 'waiting-citizen', by: THOSE_IN_CHARGE },
  refer: { to: 'referred', by: THOSE_IN_CHARGE },
  answer: { to: 'answered', by: THOSE_IN_CHARGE },
  // The program: the citizen has keyed that no call is needed any more.
  withdraw: { to: 'withdrawn', by: [...THOSE_IN_CHARGE, ...SYSTEM] },
  spam: { to: 'spam', by: HANDLERS },
  'join-call': { to: state, by: SYSTEM },
  'close-reached': { to: 'closed', by: SYSTEM },
});

const reopening: Arrows = {
  // The citizen says it is not solved. The program says so for a message that came late.
  'request-reopen': { to: 'reopen-requested', by: [...THOSE_IN_CHARGE, 'system'] },
  reopen: { to: 'reopened', by: HANDLERS },
  'citizen-thanked': { to: 'closed', by: THOSE_IN_CHARGE },
};

/** What is not in the table cannot be done. */
export const TABLE: Readonly<Record<CaseState, Arrows>> = {
  received: unanswered('received'),
  triaged: unanswered('triaged'),
  assigned: unanswered('assigned'),
  'waiting-citizen': {
    ...unanswered('waiting-citizen'),
    'citizen-replied': { to: 'back', by: THOSE_IN_CHARGE },
    'join-call': { to: 'back', by: SYSTEM },
    // A new owner does not make the citizen's answer come: the clocks stand still as before.
    assign: { to: 'waiting-citizen', by: HANDLERS },
    close: { to: 'closed', by: HANDLERS },
  },
  referred: unanswered('referred'),
  answered: {
    ...stays('answered'),
    ...reopening,
    'citizen-thanked': { to: 'answered', by: THOSE_IN_CHARGE },
    assign: { to: 'answered', by: HANDLERS },
    answer: { to: 'answered', by: THOSE_IN_CHARGE },
    close: { to: 'closed', by: THOSE_IN_CHARGE },
  },
  closed: { ...reopening, note: { to: 'closed', by: THOSE_IN_CHARGE } },
  'reopen-requested': {
    ...unanswered('reopen-requested'),
    reopen: { to: 'reopened', by: THOSE_IN_CHARGE },
    close: { to: 'closed', by: HANDLERS },
  },
  reopened: unanswered('reopened'),
  withdrawn: {
    reopen: { to: 'reopened', by: HANDLERS },
    note: { to: 'withdrawn', by: HANDLERS },
  },
  spam: { reopen: { to: 'reopened', by: HANDLERS }, note: { to: 'spam', by: HANDLERS } },
};

export type Verdict = { to: CaseState } | { refused: 'not-now' | 'not-yours' };

/** @param parties everything the one who acts is for this case. */
export function decide(
  { state, owner }: { state: CaseState; owner: string | null },
  action: Action,
  parties: readonly Party[],
): Verdict {
  const arrow = TABLE[state][action];
  if (!(arrow?.by ?? everBy(action)).some((one) => parties.includes(one))) return { refused: 'not-yours' };
  if (arrow === undefined) return { refused: 'not-now' };
  if (arrow.to !== 'back') return { to: arrow.to };
  return { to: owner === null ? 'triaged' : 'assigned' };
}

/** Who may do it in some state: told before anything else about the request. */
export function everBy(action: Action): Party[] {
  return PARTIES.filter((party) => STATES.some((state) => TABLE[state][action]?.by.includes(party) === true));
}

/** What an account is for a case. */
export function partiesOf(who: { accountId: string; role: Role }, owner: string | null): Party[] {
  const parties: Party[] = [];
  if (covers(who.role, ['supervisor'])) parties.push('supervisor');
  if (covers(who.role, ['reviewer'])) parties.push('reviewer');
  if (owner === who.accountId && covers(who.role, OWNER_ROLES)) parties.push('owner');
  return parties;
}

/** Whose case it can be. */
export const OWNER_ROLES: readonly Role[] = ['supervisor', 'reviewer', 'expert'];

/**
 * The table as a Mermaid state diagram, without what leaves a state as it is; the README shows it, a test compares. What can
 * be done in every state without an answer is drawn once, from a state that stands for any of them.
 */
export function diagram(): string {
  const any = '  state "any of the seven without an answer" as unanswered';
  const lines = ['stateDiagram-v2', '  [*] --> received', any];
  lines.push(...drawn('unanswered', shared()));
  for (const state of STATES) {
    const own = (Object.entries(TABLE[state]) as [Action, Arrow][]).filter(
      ([action, { to }]) => to !== state && !(UNANSWERED.includes(state) && action in shared()),
    );
    lines.push(...drawn(state, Object.fromEntries(own)));
  }
  return [...lines, ...OVER.map((state) => `  ${state} --> [*]`)].join('\n');
}

function shared(): Arrows {
  const [first, ...others] = UNANSWERED;
  const same = (Object.entries(TABLE[first ?? 'received']) as [Action, Arrow][]).filter(([action, { to }]) =>
    others.every((state) => TABLE[state][action]?.to === to),
  );
  return Object.fromEntries(same);
}

function drawn(from: string, arrows: Arrows): string[] {
  const targets = new Map<CaseState, Action[]>();
  for (const [action, { to }] of Object.entries(arrows) as [Action, Arrow][])
    for (const target of to === 'back' ? (['triaged', 'assigned'] as const) : [to])
      targets.set(target, [...(targets.get(target) ?? []), action]);
  const name = (state: string) => state.replaceAll('-', '_');
  return [...targets].map(
    ([to, actions]) => `  ${name(from)} --> ${name(to)}: ${actions.toSorted().join(', ')}`,
  );
}
