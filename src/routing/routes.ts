import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { query, type Queryable } from '../platform/sql.ts';
import { allow } from '../web/access.ts';
import { nullable, SpecialtyKey } from '../web/schemas.ts';
import { expectedWaitSeconds } from './expected-wait.ts';
import type { QueueStatus, Routing } from './routing.ts';

const Count = (description: string) => Type.Integer({ minimum: 0, description });

const QueueSchema = Type.Object({
  specialty: SpecialtyKey,
  titleFa: Type.String(),
  titleEn: Type.String(),
  waiting: Count('Citizens in the queue'),
  longestWaitSeconds: Count('Wait so far of the one who has waited longest'),
  ready: Count('Experts with the skill who are free'),
  ringing: Count('Experts whose telephone rings'),
  talking: Count('Experts in a talk'),
  wrapUp: Count('Experts wrapping up'),
  paused: Count('Experts on a pause'),
  expectedWaitSeconds: nullable(
    Type.Integer({
      minimum: 0,
      description:
        'For someone joining now: (waiting + 1) × mean handling time of the last hour ÷ experts at work; 0 with nobody waiting and an expert free; null when the last hour cannot tell',
    }),
  ),
});

interface LoadRow extends Record<string, unknown> {
  specialty: string;
  titleFa: string;
  titleEn: string;
  handled: number;
  handleSeconds: number | null;
}

export interface QueueRoutesDeps {
  db: Queryable;
  clock: Clock;
  routing: Pick<Routing, 'queues'>;
}

const HOUR_MS = 3_600_000;

/** The queues as they stand this second. There are as many as specialties, so the list has one page. */
export function queueRoutes({ db, clock, routing }: QueueRoutesDeps): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const schema = {
      tags: ['queues'],
      summary: 'Queues, live',
      response: { 200: Type.Object({ items: Type.Array(QueueSchema), next: Type.Null() }) },
    };
    const config = { access: allow('supervisor', 'auditor', 'expert') };
    app.get('/queues', { config, schema }, async () => {
      const loads = await query<LoadRow>(db, 'routing/queue-load', [new Date(clock.now() - HOUR_MS)]);
      const live = await routing.queues(loads.map((load) => load.specialty));
      const bySpecialty = new Map(live.map((queue) => [queue.specialty, queue]));
      const items = loads.flatMap((load) => {
        const queue = bySpecialty.get(load.specialty);
        return queue === undefined ? [] : [toAnswer(queue, load)];
      });
      return { items, next: null };
    });
    done();
  };
}

function toAnswer(queue: QueueStatus, { specialty, titleFa, titleEn, handled, handleSeconds }: LoadRow) {
  const { waiting, longestWaitMs, ready, ringing, talking, wrapUp, paused } = queue;
  const staffed = ready + ringing + talking + wrapUp;
  const expected = expectedWaitSeconds({ waiting, ready, staffed, handled, handleSeconds });
  const longestWaitSeconds = Math.max(0, Math.round(longestWaitMs / 1000));
  const live = { waiting, longestWaitSeconds, ready, ringing, talking, wrapUp, paused };
  return { specialty, titleFa, titleEn, ...live, expectedWaitSeconds: expected };
}
