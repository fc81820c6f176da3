import { Type } from 'typebox';
import { listQuery } from '../web/lists.ts';
import { closed, ExpertId, Instant, nullable, Prose, SpecialtyKey, Uuid } from '../web/schemas.ts';

/** Calls as the API takes and gives them. */

const Direction = Type.Enum(['inbound', 'outbound']);
export const EndingSchema = Type.Enum([
  ...(['answered', 'callback', 'voicemail', 'self-served'] as const),
  ...(['abandoned', 'closed', 'transferred-out', 'failed'] as const),
]);
const State = Type.Enum(['greeting', 'menu', 'queued', 'ringing', 'talking', 'wrap-up', 'ended']);
const Seconds = Type.Number({ minimum: 0 });
const OutcomeCode = Type.String({ minLength: 1, maxLength: 60, pattern: '^[a-z][a-z-]*$' });

const SurveyScore = nullable(
  Type.Integer({ minimum: 1, maximum: 5, description: '5 is the best; null: no answer' }),
);

export const CallById = closed({ id: Uuid });

export const Filters = closed({
  ...listQuery,
  direction: Type.Optional(Type.Enum(['inbound', 'outbound'], { default: 'inbound' })),
  specialty: Type.Optional(SpecialtyKey),
  expertId: Type.Optional(ExpertId),
  ending: Type.Optional(EndingSchema),
  state: Type.Optional(State),
  outcome: Type.Optional(
    Type.Enum(['missing'], {
      description: 'Talks that are over and of which nobody has said what came of them',
    }),
  ),
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
});

const SetOutcome = {
  code: OutcomeCode,
  note: nullable(Type.String()),
  followUp: Type.Boolean(),
  setAt: Instant,
  actor: Type.String(),
};
export const OutcomeShown = Type.Object(SetOutcome);

export const CallSchema = Type.Object({
  id: Uuid,
  direction: Direction,
  caller: nullable(Type.String({ description: 'E.164; masked below supervisor' })),
  callerReason: nullable(
    Type.Enum(['withheld', 'invalid', 'erased'], { description: 'Why there is no caller' }),
  ),
  specialty: nullable(SpecialtyKey),
  enteredAt: Instant,
  queuedAt: nullable(Instant),
  answeredAt: nullable(Instant),
  endedAt: nullable(Instant),
  state: State,
  ending: nullable(EndingSchema),
  expertId: nullable(ExpertId),
  waitSeconds: nullable(Seconds),
  talkSeconds: nullable(Seconds),
  outcome: nullable(OutcomeShown),
  surveyScore: SurveyScore,
  caseId: nullable(Uuid),
});

/** What an expert says came of a call. */
export const OutcomeSchema = closed({
  code: OutcomeCode,
  note: Type.Optional(nullable(Prose(4000))),
  followUp: Type.Optional(Type.Boolean({ default: false })),
});

const OfferSchema = Type.Object({
  offerId: Type.String(),
  expertId: ExpertId,
  attempt: Type.Integer(),
  madeAt: Instant,
  endedAt: nullable(Instant),
  result: nullable(Type.String({ description: 'null: ringing' })),
  rule: nullable(Type.String()),
  waitedSeconds: nullable(Type.Number()),
  position: nullable(Type.Integer({ description: 'Place in the queue when it was made' })),
  candidates: Type.Array(Type.Object({ expertId: ExpertId, idleSeconds: Type.Number() })),
  excluded: Type.Array(Type.Object({ expertId: ExpertId, because: Type.String() })),
});

const SegmentSchema = Type.Object({
  position: Type.Integer(),
  expertId: ExpertId,
  startedAt: Instant,
  endedAt: nullable(Instant),
  endedBy: nullable(Type.String()),
  surveyScore: SurveyScore,
});

const EntrySchema = Type.Object({
  seq: Type.Integer(),
  kind: Type.String(),
  at: Instant,
  actor: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown()),
});

export const StorySchema = Type.Object({
  callId: Uuid,
  offers: Type.Array(OfferSchema),
  segments: Type.Array(SegmentSchema),
  outcomes: Type.Array(OutcomeShown),
  entries: Type.Array(EntrySchema),
});
