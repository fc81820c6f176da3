import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { query } from '../platform/sql.ts';
import { allow } from '../web/access.ts';
import { nullable, SpecialtyKey } from '../web/schemas.ts';
import { addOverflowRoutes } from './overflow-routes.ts';
import { addExpectedWaitReport } from './report-routes.ts';
import type { QueueStatus, RoutingReader } from './routing.ts';
import { expectedByNewcomers } from './wait-estimates.ts';
import type { WaitRange } from './wait-range.ts';

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
  expectedWait: nullable(
    Type.Object(
      { lowSeconds: Type.Integer({ minimum: 0 }), highSeconds: Type.Integer({ minimum: 0 }) },
      {
        description:
          'For someone joining now, as citizens are told it: eight of ten such waits lie between the two; both 0 with nobody waiting and an expert free; null with nobody at work or fewer than five talks in the last week',
      },
    ),
  ),
});

interface SpecialtyRow extends Record<string, unknown> {
  specialty: string;
  titleFa: string;
  titleEn: string;
}

export interface QueueRoutesDeps {
  db: Pool;
  clock: Clock;
  routing: RoutingReader;
  /** See WaitEstimatesDeps. */
  equityBoundSeconds: number;
}

/** The queues as they stand this second. There are as many as specialties, so the list has one page. */
export function queueRoutes(deps: QueueRoutesDeps): FastifyPluginCallbackTypebox {
  const { db, clock, routing, equityBoundSeconds } = deps;
  return (app, _options, done) => {
    const schema = {
      tags: ['queues'],
      summary: 'Queues, live',
      response: { 200: Type.Object({ items: Type.Array(QueueSchema), next: Type.Null() }) },
    };
    const config = { access: allow('supervisor', 'auditor', 'expert') };
    app.get('/queues', { config, schema }, async () => {
      const specialties = await query<SpecialtyRow>(db, 'routing/specialties', []);
      const keys = specialties.map(({ specialty }) => specialty);
      const [live, expected] = await Promise.all([
        routing.queues(keys),
        expectedByNewcomers({ pool: db, clock, routing, equityBoundSeconds }, keys),
      ]);
      const bySpecialty = new Map(live.map((queue) => [queue.specialty, queue]));
      const items = specialties.flatMap((row) => {
        const queue = bySpecialty.get(row.specialty);
        return queue === undefined ? [] : [toAnswer(queue, row, expected.get(row.specialty) ?? null)];
      });
      return { items, next: null };
    });
    addExpectedWaitReport(app, { db, clock });
    addOverflowRoutes(app, { pool: db });
    done();
  };
}

function toAnswer(
  queue: QueueStatus,
  { specialty, titleFa, titleEn }: SpecialtyRow,
  expected: WaitRange | null,
) {
  const { waiting, longestWaitMs, ready, ringing, talking, wrapUp, paused } = queue;
  const longestWaitSeconds = Math.max(0, Math.round(longestWaitMs / 1000));
  const live = { waiting, longestWaitSeconds, ready, ringing, talking, wrapUp, paused };
  const isAtOnce = waiting === 0 && ready > 0;
  const expectedWait = isAtOnce ? { lowSeconds: 0, highSeconds: 0 } : inWhole(expected);
  return { specialty, titleFa, titleEn, ...live, expectedWait };
}

const inWhole = (range: WaitRange | null): WaitRange | null =>
  range && { lowSeconds: Math.floor(range.lowSeconds), highSeconds: Math.ceil(range.highSeconds) };
