import { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { CommandClient } from '../platform/commands.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { recordAudit } from '../staff/audit.ts';
import { allow, ownExpertOnly, signedIn } from '../web/access.ts';
import { problem, type Problem } from '../web/problem.ts';
import { closed, ExpertId, Instant, nullable, Uuid } from '../web/schemas.ts';
import { addErasureRoute } from './erasure-routes.ts';
import { mayHear } from './rules.ts';
import type { Recordings } from './service.ts';
import type { FoundRecording, RecordingRow } from './store.ts';

export interface RecordingRoutesDeps {
  recordings: Recordings;
  commands: Pick<CommandClient, 'send'>;
  pool: Pool;
  /** IANA name of the clinic's zone. */
  zone: string;
}

type App = Parameters<FastifyPluginCallbackTypebox>[0];

const tags = ['recordings'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ById = closed({ id: Uuid });
const ANSWER_WITHIN_MS = 5000;

const RecordingSchema = Type.Object({
  id: Uuid,
  callId: nullable(Uuid),
  caseId: nullable(Uuid),
  kind: Type.Enum(['message', 'talk', 'imported'], {
    description: 'Left by a citizen, a recorded talk, or taken over from before',
  }),
  expertId: nullable(ExpertId),
  startedAt: nullable(Instant),
  seconds: nullable(Type.Integer()),
  bytes: Type.Integer(),
  sha256: Type.String({ description: 'Of the sound' }),
  erasedAt: nullable(Instant),
});

/** What was recorded, and what citizens have left to be heard. */
export function recordingRoutes(deps: RecordingRoutesDeps): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    addListRoute(app, deps);
    addAudioRoute(app, deps);
    addPauseRoute(app, deps);
    addErasureRoute(app, deps);
    done();
  };
}

function addListRoute(app: App, { recordings }: RecordingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'The recordings of a call, the erased ones too',
    params: ById,
    response: { 200: Type.Object({ items: Type.Array(RecordingSchema) }) },
  };
  const access = allow('supervisor', 'reviewer', 'auditor');
  app.get('/calls/:id/recordings', { config: { access }, schema }, async (request) => {
    const rows = await recordings.ofCall(request.params.id);
    if (rows === null) throw unknownCall();
    return { items: rows.map(toAnswer) };
  });
}

function addAudioRoute(app: App, { recordings }: RecordingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Hear a recording',
    description:
      'Talks: supervisors and reviewers. What a citizen has left: the expert who owns its case as well. Every listening stands in the audit.',
    params: ById,
    response: {
      200: {
        description: 'The sound, as it was recorded',
        content: { 'audio/wav': { schema: Type.Unsafe<Readable>({ type: 'string', format: 'binary' }) } },
      },
    },
  };
  const access = allow('supervisor', 'reviewer', 'expert');
  const own = async (request: FastifyRequest) => {
    const { id } = request.params as { id: string };
    // Whether there is one that is not theirs is not an expert's to know.
    if (signedIn(request).role !== 'expert' || !UUID.test(id)) return;
    const found = await recordings.find(id);
    if (found === null || !mayHear(signedIn(request), found)) throw notYours();
  };
  app.get('/recordings/:id/audio', { config: { access }, onRequest: own, schema }, async (request, reply) => {
    const found = await recordings.find(request.params.id);
    if (found === null) throw problem(404, 'recording-not-found');
    if (!mayHear(signedIn(request), found)) throw notYours();
    if (found.erasedAt !== null) throw problem(410, 'recording-erased', 'It was erased, as the rules say.');
    const sound = await recordings.listen(found, signedIn(request).actor).catch(unreadable);
    return reply
      .type(typeOf(found))
      .header('content-length', found.bytes)
      .header('content-disposition', `inline; filename="${found.id}.wav"`)
      .send(Readable.from(sound, { objectMode: false }));
  });
}

function addPauseRoute(app: App, { recordings, commands, pool }: RecordingRoutesDeps): void {
  const schema = {
    tags,
    summary: 'Pause the recording of a talk, or go on with it',
    description:
      'While a citizen says what must not be kept. What is said meanwhile is in no file. Both hear that it was done. A pause ends by itself after RECORDING_PAUSE_SECONDS, and with the talk.',
    params: ById,
    body: closed({ paused: Type.Boolean() }),
    response: { 200: Type.Object({ paused: Type.Boolean() }) },
  };
  const access = allow('supervisor', 'expert');
  const own = async (request: FastifyRequest) => {
    const { id } = request.params as { id: string };
    if (signedIn(request).role === 'expert' && UUID.test(id))
      ownExpertOnly(request, (await recordings.expertOf(id)) ?? null);
  };
  app.put('/calls/:id/recording', { config: { access }, onRequest: own, schema }, async (request) => {
    const { id } = request.params;
    const { paused } = request.body;
    if ((await recordings.expertOf(id)) === undefined) throw unknownCall();
    const { actor } = signedIn(request);
    await commands
      .send('recording.pause', { callId: id, paused, actor }, { timeoutMs: ANSWER_WITHIN_MS })
      .catch(unpaused);
    const action = paused ? 'recording.paused' : 'recording.resumed';
    await recordAudit(pool, { actor, action, subject: `call:${id}` });
    request.log.info({ actor, callId: id }, action);
    return { paused };
  });
}

function toAnswer(row: RecordingRow) {
  const { id, callId, caseId, kind, expertId, startedAt, createdAt, seconds, bytes, sha256, erasedAt } = row;
  return {
    ...{ id, callId, caseId, kind, expertId, seconds, sha256, bytes: Number(bytes) },
    startedAt: (startedAt ?? createdAt).toISOString(),
    erasedAt: erasedAt?.toISOString() ?? null,
  };
}

const TYPES: Readonly<Record<string, string>> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  m4a: 'audio/mp4',
};

/** Asterisk's are WAV; those taken over are what their names say. */
function typeOf({ kind, sources }: FoundRecording): string {
  if (kind !== 'imported') return 'audio/wav';
  return TYPES[sources[0]?.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}

const unknownCall = (): Problem => problem(404, 'call-not-found');
const notYours = (): Problem => problem(403, 'not-yours', 'This recording belongs to another expert.');

function unreadable(error: unknown): never {
  const code = codeOf(error);
  if (code?.startsWith('recording-') !== true) throw error;
  throw problem(500, code, { detail: messageOf(error), cause: error });
}

function unpaused(error: unknown): never {
  const code = codeOf(error);
  if (code === 'recording-not-running')
    throw problem(409, code, { detail: 'No talk of this call is being recorded now.', cause: error });
  throw problem(503, 'telephone-exchange-unavailable', {
    ...{ detail: 'Whether it was done is not known; try again.', headers: { 'retry-after': '2' } },
    cause: error,
  });
}
