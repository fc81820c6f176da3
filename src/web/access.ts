import type { FastifyRequest } from 'fastify';
import { covers, type Role } from '../staff/rules.ts';
import type { SignedIn } from '../staff/sessions.ts';
import { problem } from './problem.ts';

/** Who may use a route. Every route says so in its `config.access`; the server does not start with one that does not. */
export type Access = 'anyone' | { readonly roles: readonly Role[] };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** A creating POST that honours `Idempotency-Key`. Not for answers that hold a secret: answers are kept. */
    idempotent?: boolean;
  }
  interface FastifyRequest {
    /** Who sent the request; null on routes open to anyone when nobody is signed in. */
    signedIn: SignedIn | null;
  }
}

/** `config: { access: allow('supervisor', 'expert') }`. An admin is allowed whatever a supervisor is. */
export function allow(...roles: [Role, ...Role[]]): Access {
  return { roles };
}

/** The sender of a request on a route that is not open to anyone. */
export function signedIn(request: FastifyRequest): SignedIn {
  if (request.signedIn === null) throw problem(401, 'unauthenticated');
  return request.signedIn;
}

/** Holds for the role or one it includes: `holds(request, 'supervisor')` is true for an admin. */
export function holds(request: FastifyRequest, ...roles: Role[]): boolean {
  return covers(signedIn(request).role, roles);
}

/** For a route's own `onRequest`, where things belong to experts: an expert may touch only what carries their own id. */
export function ownExpertOnly(request: FastifyRequest, expertId: string | null): void {
  if (holds(request, 'supervisor')) return;
  const own = signedIn(request).expertId;
  if (own === null || own !== expertId) throw problem(403, 'not-yours', 'This belongs to another expert.');
}
