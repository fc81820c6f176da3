import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { allow, signedIn } from '../web/access.ts';
import { etag, ifMatch, stale } from '../web/etag.ts';
import { decodeCursor, listOf, listQuery, listScope, page } from '../web/lists.ts';
import { fieldProblem, problem, type Problem } from '../web/problem.ts';
import { closed, ExpertId, Instant, Line, nullable, Uuid } from '../web/schemas.ts';
import type { Account, Accounts, AddRefusal } from './accounts.ts';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH, ROLES } from './rules.ts';

const Username = Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]*$' });
const Password = Type.String({
  minLength: PASSWORD_MIN_LENGTH,
  maxLength: PASSWORD_MAX_LENGTH,
  format: 'password',
});
const AnyRole = Type.Enum([...ROLES]);

const AccountSchema = Type.Object({
  id: Uuid,
  username: Type.String(),
  name: Type.String(),
  role: AnyRole,
  expertId: nullable(ExpertId),
  active: Type.Boolean(),
  secondFactor: Type.Boolean({ description: 'One-time codes are enrolled' }),
  version: Type.Integer(),
  createdAt: Instant,
});

const NewAccountSchema = closed({
  username: Username,
  password: Password,
  name: Line(200),
  role: AnyRole,
  expertId: Type.Optional(nullable(ExpertId)),
});

const ChangeSchema = Type.Object(
  {
    name: Type.Optional(Line(200)),
    role: Type.Optional(AnyRole),
    active: Type.Optional(Type.Boolean()),
    password: Type.Optional(Password),
  },
  { additionalProperties: false, minProperties: 1 },
);

const ById = closed({ id: Uuid });
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const config = { access: allow('admin') };
const tags = ['accounts'];

/** Who may sign in; for admins. */
export function accountRoutes(accounts: Accounts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const list = {
      tags,
      summary: 'Accounts, newest first',
      querystring: closed(listQuery),
      response: { 200: listOf(AccountSchema) },
    };
    app.get('/accounts', { config, schema: list }, async ({ query }) => {
      const scope = listScope('accounts');
      const rows = await accounts.list(decodeCursor(scope, query.cursor, UUID), query.limit + 1);
      return page(rows.map(toAnswer), query.limit, scope, (account) => account.id);
    });

    const read = { tags, summary: 'An account', params: ById, response: { 200: AccountSchema } };
    app.get('/accounts/:id', { config, schema: read }, async (request, reply) => {
      const account = await find(accounts, request.params.id);
      return reply.header('etag', etag(account.version)).send(toAnswer(account));
    });

    const add = { tags, summary: 'Add an account', body: NewAccountSchema, response: { 201: AccountSchema } };
    app.post(
      '/accounts',
      { config: { ...config, idempotent: true }, schema: add },
      async (request, reply) => {
        const wanted = { ...request.body, expertId: request.body.expertId ?? null };
        const added = await accounts.add(wanted, signedIn(request).actor);
        if ('refused' in added) throw refusal(added.refused);
        const headers = { etag: etag(added.version), location: `/api/v1/accounts/${added.id}` };
        return reply.code(201).headers(headers).send(toAnswer(added));
      },
    );

    const change = {
      tags,
      summary: 'Change an account',
      params: ById,
      body: ChangeSchema,
      response: { 200: AccountSchema },
    };
    app.patch('/accounts/:id', { config, schema: change }, async (request, reply) => {
      const matches = ifMatch(request);
      const { params, body } = request;
      const account = await find(accounts, params.id);
      if (!matches(account.version)) throw stale();
      const { accountId, actor } = signedIn(request);
      if (account.id === accountId && (body.active === false || body.role !== undefined)) throw ownAccount();
      const changed = await accounts.change(account.id, account.version, body, actor);
      if (changed === 'stale') throw stale();
      if (changed === 'expert-missing') throw refusal(changed);
      return reply.header('etag', etag(changed.version)).send(toAnswer(changed));
    });

    const enrol = {
      tags,
      summary: 'Enrol a second factor',
      description:
        'Replaces the one before. The answer is shown once and not kept readable anywhere in the API.',
      params: ById,
      response: { 201: Type.Object({ uri: Type.String(), secret: Type.String() }) },
    };
    app.post('/accounts/:id/second-factor', { config, schema: enrol }, async (request, reply) => {
      const enrolment = await accounts.enrolSecondFactor(request.params.id, signedIn(request).actor);
      if (enrolment === null) throw unknown();
      return reply.code(201).send(enrolment);
    });
    done();
  };
}

async function find(accounts: Accounts, id: string): Promise<Account> {
  const account = await accounts.find(id);
  if (account === null) throw unknown();
  return account;
}

function unknown(): Problem {
  return problem(404, 'account-not-found');
}

/** So that there is always an admin left: the one who asks. */
function ownAccount(): Problem {
  return problem(409, 'own-account', 'Another admin must change your own role or right to sign in.');
}

function refusal(refused: AddRefusal): Problem {
  switch (refused) {
    case 'username-taken':
      return problem(409, refused, 'Another account has this user name.');
    case 'expert-taken':
      return problem(409, refused, 'This expert has an account.');
    case 'expert-unknown':
      return fieldProblem(refused, 'body', '/expertId', 'There is no such expert.');
    case 'expert-missing':
      return fieldProblem(refused, 'body', '/expertId', 'An account of role expert belongs to an expert.');
  }
}

function toAnswer(account: Account) {
  return { ...account, createdAt: account.createdAt.toISOString() };
}
