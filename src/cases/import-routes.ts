import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { allow, signedIn } from '../web/access.ts';
import { problem } from '../web/problem.ts';
import { closed } from '../web/schemas.ts';
import { COLUMNS } from './messages.ts';
import type { Cases } from './service.ts';

type App = Parameters<FastifyPluginCallbackTypebox>[0];

/** A few thousand messages; more are sent in parts. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
/** As many as help; a table of a thousand faults is wrong in one way. */
const ERRORS_SHOWN = 1000;

const BadRow = Type.Object({ line: Type.Integer(), reason: Type.String() });

/** Old messages become cases. */
export function addImportRoute(app: App, { cases }: { cases: Cases }): void {
  const schema = {
    tags: ['cases'],
    summary: 'Take old unanswered messages over as cases',
    description: `A table with the columns ${COLUMNS.join(', ')}. One bad row and nothing is taken (\`import-invalid\`, with every bad row), unless \`skipBad\`. Sending it again takes nothing twice.`,
    body: closed({
      csv: Type.String({ minLength: 1, pattern: '^[^\\u0000]*$' }),
      skipBad: Type.Optional(Type.Boolean()),
    }),
    response: {
      200: Type.Object({ opened: Type.Integer(), known: Type.Integer(), bad: Type.Array(BadRow) }),
    },
  };
  const options = { config: { access: allow('supervisor') }, bodyLimit: BODY_LIMIT_BYTES, schema };
  app.post('/cases/import', options, async (request) => {
    const { csv, skipBad = false } = request.body;
    const imported = await cases.importMessages(csv, { skipBad, actor: signedIn(request).actor });
    if (imported.bad.length === 0 || skipBad) return imported;
    const errors = imported.bad.slice(0, ERRORS_SHOWN).map(({ line, reason }) => ({
      ...{ in: 'body' as const, pointer: '#/csv', detail: `line ${line}: ${reason}` },
    }));
    throw problem(400, 'import-invalid', {
      detail: 'Nothing was taken over; mend these rows or leave them out.',
      ...{ errors, members: { bad: imported.bad.slice(0, ERRORS_SHOWN) } },
    });
  });
}
