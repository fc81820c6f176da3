import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { allow, signedIn } from '../web/access.ts';
import { sessionCookie } from '../web/authentication.ts';
import { problem, type Problem } from '../web/problem.ts';
import { closed, ExpertId, Instant, nullable, Uuid } from '../web/schemas.ts';
import type { Attempts } from './attempts.ts';
import { PASSWORD_MAX_LENGTH, ROLES } from './rules.ts';
import type { Sessions, SignedIn, SignInRefusal } from './sessions.ts';

const WhoSchema = Type.Object({
  accountId: Uuid,
  username: Type.String(),
  name: Type.String(),
  role: Type.Enum([...ROLES]),
  expertId: nullable(ExpertId),
  expiresAt: Instant,
});

const Credentials = closed({
  username: Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000]*$' }),
  password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH, format: 'password' }),
  otp: Type.Optional(
    Type.String({ pattern: '^[0-9]{6}$', description: 'One-time code, where a second factor is enrolled' }),
  ),
});

export interface SessionRoutesOptions {
  sessions: Sessions;
  attempts: Attempts;
  publicUrl: string;
}

/** Sign in, who am I, sign out. */
export function sessionRoutes({
  sessions,
  attempts,
  publicUrl,
}: SessionRoutesOptions): FastifyPluginCallbackTypebox {
  const cookie = sessionCookie({ publicUrl });
  return (app, _options, done) => {
    app.post(
      '/session',
      {
        config: { access: 'anyone' },
        schema: {
          tags: ['session'],
          summary: 'Sign in',
          description:
            'Gives a token for `Authorization: Bearer` and sets the same as a cookie for browsers.',
          body: Credentials,
          response: { 200: Type.Object({ token: Type.String(), ...WhoSchema.properties }) },
        },
      },
      async (request, reply) => {
        const { username } = request.body;
        const wait = await attempts.take(request.ip, username);
        if (wait !== null) {
          request.log.warn({ address: request.ip, waitSeconds: wait }, 'sign-in.throttled');
          throw tooMany(wait);
        }
        const result = await sessions.signIn({ ...request.body, address: request.ip });
        const refused = 'refused' in result ? result.refused : null;
        // Only guesses count: who knows the password and is asked for more may come again.
        if (refused === null || !GUESSES.has(refused)) await attempts.giveBack(request.ip, username);
        if ('refused' in result) throw refusal(result.refused);
        cookie.set(reply, result.token, result.who.expiresAt);
        return { token: result.token, ...toAnswer(result.who) };
      },
    );

    const everyone = allow(...ROLES);
    const whoAmI = { tags: ['session'], summary: 'Who is signed in', response: { 200: WhoSchema } };
    app.get('/session', { config: { access: everyone }, schema: whoAmI }, (request) =>
      toAnswer(signedIn(request)),
    );

    const signOut = { tags: ['session'], summary: 'Sign out', response: { 204: Type.Null() } };
    app.delete(
      '/session',
      { config: { access: everyone }, schema: signOut },
      async (request, reply: FastifyReply) => {
        await sessions.signOut(signedIn(request));
        cookie.clear(reply);
        return reply.code(204).send();
      },
    );
    done();
  };
}

const GUESSES: ReadonlySet<SignInRefusal> = new Set(['credentials-invalid', 'second-factor-invalid']);

function refusal(refused: SignInRefusal): Problem {
  switch (refused) {
    case 'credentials-invalid':
      return problem(401, refused, 'User name or password is wrong.');
    case 'second-factor-required':
      return problem(401, refused, 'Send the one-time code as otp.');
    case 'second-factor-invalid':
      return problem(401, refused, 'The one-time code is wrong, too old or used.');
    case 'second-factor-not-enrolled':
      return problem(403, refused, 'Your role needs a second factor; an admin enrols it.');
  }
}

function tooMany(seconds: number): Problem {
  return problem(429, 'too-many-attempts', {
    detail: `Too many failed sign-ins; try again in ${seconds} seconds.`,
    headers: { 'retry-after': String(seconds) },
  });
}

function toAnswer({ accountId, username, name, role, expertId, expiresAt }: SignedIn) {
  return { accountId, username, name, role, expertId, expiresAt: expiresAt.toISOString() };
}
