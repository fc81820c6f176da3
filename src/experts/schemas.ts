import { Type } from 'typebox';
import { closed, ExpertId, Instant, Line, nullable, SpecialtyKey, Uuid } from '../web/schemas.ts';

/** Shapes of the experts' door to HTTP. */

const SkillSchema = closed({
  specialty: SpecialtyKey,
  level: Type.Integer({ minimum: 1, maximum: 5, description: '5 is the highest' }),
});
const Skills = Type.Array(SkillSchema, { maxItems: 50 });
const State = Type.Enum(['ready', 'paused', 'offline']);

export const StatusSchema = Type.Object({
  expertId: ExpertId,
  state: State,
  reason: nullable(Type.String({ description: 'Why paused' })),
  until: nullable(Instant),
  reachable: Type.Boolean({ description: 'The telephone is registered' }),
  activity: Type.Enum(['idle', 'ringing', 'talking', 'wrap-up']),
  since: Instant,
  callId: nullable(Uuid),
  wrapUpUntil: nullable(Instant),
  misses: Type.Integer({ description: 'Offers in a row left unanswered' }),
  specialties: Type.Array(SpecialtyKey),
});

export const ExpertSchema = Type.Object({
  id: ExpertId,
  name: Type.String(),
  active: Type.Boolean(),
  skills: Type.Array(Type.Object({ specialty: SpecialtyKey, level: Type.Integer() })),
  presence: Type.Object({ state: State, reason: nullable(Type.String()), until: nullable(Instant) }),
  softphone: Type.Boolean({ description: 'The telephone has an account' }),
  version: Type.Integer(),
  status: Type.Union([StatusSchema, Type.Null()], { description: 'Live; null while it cannot be told' }),
});

export const NewExpertSchema = closed({ name: Line(200), skills: Type.Optional(Skills) });

export const ExpertChangeSchema = Type.Object(
  { name: Type.Optional(Line(200)), active: Type.Optional(Type.Boolean()), skills: Type.Optional(Skills) },
  { additionalProperties: false, minProperties: 1 },
);

export const PresenceSchema = closed({ state: State, reason: Type.Optional(nullable(Line(200))) });

export const SoftphoneSchema = Type.Object({
  username: ExpertId,
  password: Type.String(),
  domain: Type.String(),
  port: Type.Integer(),
  wsUrl: Type.String(),
});
