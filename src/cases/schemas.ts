import { Type } from 'typebox';
import { listQuery, reportQuery } from '../web/lists.ts';
import { closed, ExpertId, Instant, Line, nullable, SpecialtyKey, Uuid } from '../web/schemas.ts';
import { TEXT_STATES } from '../sms/service.ts';
import { CLOCKS } from './clocks.ts';
import { HUMAN_ACTIONS, STATES, type HumanAction } from './rules.ts';
import { REASONS } from './store.ts';

/** Cases as the API takes and gives them. */

const State = Type.Enum([...STATES]);
const Reason = Type.Enum([...REASONS]);
const Clock = Type.Enum([...CLOCKS]);
const Day = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  description: "ISO date, a day of the clinic's zone",
  examples: ['2026-12-05'],
});
const Reference = Type.String({ description: 'Eight digits; the last one checks the others' });
const Number = nullable(Type.String({ description: 'E.164; masked below supervisor' }));

export const CaseById = closed({ id: Uuid });

export const Filters = closed({
  ...listQuery,
  state: Type.Optional(State),
  specialty: Type.Optional(SpecialtyKey),
  owner: Type.Optional(
    Type.String({
      pattern: '^(none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$',
      description: "An account's id; `none`: cases without an owner",
    }),
  ),
  reason: Type.Optional(Reason),
  reference: Type.Optional(
    Type.String({ maxLength: 40, description: 'As the citizen says it, Persian digits too' }),
  ),
  overdue: Type.Optional(Type.Boolean({ description: 'Whether a deadline has passed' })),
  followUpBy: Type.Optional({
    ...Day,
    description: 'Cases that are not over and whose follow-up date is this day or one before',
  }),
});

const ClockSchema = Type.Object({
  clock: Clock,
  startedAt: Instant,
  targetSeconds: Type.Integer({ description: 'Working time' }),
  dueAt: nullable({ ...Instant, description: 'null: stands still until the citizen replies' }),
  stoppedAt: nullable(Instant),
  overdue: Type.Boolean(),
  escalatedAt: nullable(Instant),
});

const fields = {
  id: Uuid,
  reference: Reference,
  reason: Reason,
  number: Number,
  specialty: nullable(SpecialtyKey),
  state: State,
  owner: nullable(Type.Object({ id: Uuid, name: Type.String() })),
  followUpOn: nullable(Day),
  openedAt: Instant,
  createdAt: Instant,
  escalatedAt: nullable(Instant),
  overdue: Type.Boolean(),
  clocks: Type.Array(ClockSchema),
  version: Type.Integer(),
};

export const CaseSchema = Type.Object(fields);

const EntrySchema = Type.Object({
  seq: Type.Integer(),
  at: Instant,
  actor: Type.String(),
  kind: Type.String({ examples: ['case.answered'] }),
  state: State,
  citizenAt: nullable(Instant),
  data: Type.Record(Type.String(), Type.Unknown()),
});

const CallSchema = Type.Object({
  id: Uuid,
  direction: Type.Enum(['inbound', 'outbound']),
  specialty: nullable(SpecialtyKey),
  enteredAt: Instant,
  endedAt: nullable(Instant),
  ending: nullable(Type.String()),
  expertId: nullable(ExpertId),
  reference: nullable(
    Type.String({ description: 'Given in this call; leads to this case, whatever its own is' }),
  ),
});

const CallbackSchema = Type.Object({
  state: Type.String({ examples: ['pending', 'live', 'done', 'declined', 'given-up', 'cancelled'] }),
  dueAt: { ...Instant, description: 'When the citizen is called next, or was to be called' },
  attempts: Type.Integer({ description: 'Without an answer' }),
  result: nullable(
    Type.String({ description: 'Of the last attempt, or why there is none', examples: ['busy', 'no-trunk'] }),
  ),
});

const RecordingSchema = Type.Object({
  id: { ...Uuid, description: 'Heard at `/recordings/{id}/audio`' },
  callId: nullable(Uuid),
  kind: Type.Enum(['message', 'talk', 'imported']),
  seconds: nullable(Type.Integer()),
  at: Instant,
  erasedAt: nullable(Instant),
});

const TextSchema = Type.Object({
  id: Uuid,
  template: Type.String({ examples: ['case-opened'] }),
  number: Number,
  body: nullable(Type.String({ description: 'As it was sent; null: not yet' })),
  state: Type.Enum([...TEXT_STATES], { description: 'kept: written down only, as there is no gateway' }),
  attempts: Type.Integer(),
  reason: nullable(Type.String({ description: 'Why it was not sent' })),
  createdAt: Instant,
  sentAt: nullable(Instant),
});

export const StorySchema = Type.Object({
  ...fields,
  history: Type.Array(EntrySchema),
  calls: Type.Array(CallSchema),
  callback: nullable(CallbackSchema),
  recordings: Type.Array(RecordingSchema),
  texts: Type.Array(TextSchema),
});

export const ActSchema = closed({
  action: Type.Enum([...HUMAN_ACTIONS]),
  note: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, pattern: '^[^\\u0000]*\\S[^\\u0000]*$' })),
  owner: Type.Optional({ ...Uuid, description: 'Account id' }),
  specialty: Type.Optional(SpecialtyKey),
  unit: Type.Optional(Line(200)),
  on: Type.Optional(nullable(Day)),
  citizenAt: Type.Optional({ ...Instant, description: 'When the citizen said it; now, without it' }),
});

type Field = 'note' | 'owner' | 'specialty' | 'unit' | 'on' | 'citizenAt';

/** What goes with an action: what it needs, and what else it may bring. */
export const FIELDS: Readonly<Record<HumanAction, { needs: readonly Field[]; may: readonly Field[] }>> = {
  triage: { needs: [], may: ['specialty', 'note'] },
  assign: { needs: ['owner'], may: ['note'] },
  note: { needs: ['note'], may: [] },
  'ask-citizen': { needs: ['note'], may: [] },
  'citizen-replied': { needs: [], may: ['note', 'citizenAt'] },
  'citizen-thanked': { needs: [], may: ['note', 'citizenAt'] },
  refer: { needs: ['unit'], may: ['note'] },
  answer: { needs: ['note'], may: [] },
  close: { needs: [], may: ['note'] },
  'request-reopen': { needs: [], may: ['note', 'citizenAt'] },
  reopen: { needs: ['note'], may: ['citizenAt'] },
  withdraw: { needs: ['note'], may: ['citizenAt'] },
  spam: { needs: [], may: ['note'] },
  'set-follow-up': { needs: ['on'], may: ['note'] },
};

export const ReportFilters = closed({
  ...reportQuery,
  from: Type.Optional({ ...Instant, description: 'Deadlines from here on' }),
  to: Type.Optional({ ...Instant, description: 'Deadlines before' }),
});

export const UnansweredSchema = Type.Object({
  caseId: Uuid,
  reference: Reference,
  clock: Clock,
  dueAt: Instant,
  reason: Reason,
  state: State,
  specialty: nullable(SpecialtyKey),
  owner: nullable(Uuid),
  number: Number,
  openedAt: Instant,
});
