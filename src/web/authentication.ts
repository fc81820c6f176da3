import type {} from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Sessions } from '../staff/sessions.ts';
import { covers } from '../staff/rules.ts';
import type { Access } from './access.ts';
import { problem } from './problem.ts';

/**
 * Who sends a request and whether they may: settled in `onRequest`, before the body is read, so that a stranger
 * learns nothing from how bodies are judged and cannot make the server parse any.
 */

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** The documentation describes the code, not the city: open to anyone. Its plugin's routes cannot carry a mark. */
const DOCUMENTATION = /^\/api\/docs(\/|$)/;

export interface CookieOptions {
  /** Origin under which browsers reach the server, e.g. `https://clinic.example`. */
  publicUrl: string;
}

/** Set by every sign-in beside the token in the body, for browsers: scripts cannot read it, other sites cannot send it. */
export function sessionCookie({ publicUrl }: CookieOptions) {
  const secure = publicUrl.startsWith('https:');
  // The prefix makes browsers refuse the cookie from a subdomain or over plain HTTP.
  const name = secure ? '__Host-clinic-session' : 'clinic-session';
  const attributes = { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;
  return {
    set: (reply: FastifyReply, token: string, expires: Date) =>
      reply.setCookie(name, token, { ...attributes, expires }),
    clear: (reply: FastifyReply) => reply.clearCookie(name, attributes),
    read: (request: FastifyRequest) => request.cookies[name],
  };
}

export function authenticate(app: FastifyInstance, sessions: Sessions, options: CookieOptions): void {
  const cookie = sessionCookie(options);
  const origin = new URL(options.publicUrl).origin;
  app.decorateRequest('signedIn', null);
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.access === undefined && !DOCUMENTATION.test(url)) {
      throw new Error(`${String(method)} ${url} does not say in config.access who may use it`);
    }
  });

  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const access: Access = request.routeOptions.config.access ?? 'anyone';
    const unsafe = !SAFE.has(request.method);
    if (access === 'anyone') {
      // Also where nobody need be signed in: another site's page must not sign a visitor in under an account of its own.
      if (unsafe) refuseOtherSites(request, origin, 'may be silent');
      return;
    }
    const { authorization } = request.headers;
    const token =
      authorization === undefined ? cookie.read(request) : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const session = token === undefined ? null : await sessions.authenticate(token);
    if (session === null) throw unauthenticated('unauthenticated', 'Sign in first.');
    if (session === 'expired')
      throw unauthenticated('session-expired', 'The sign-in is over; sign in again.');
    // A browser adds the cookie by itself, so a page elsewhere could use it; a header only those who know the token.
    if (unsafe && authorization === undefined) refuseOtherSites(request, origin, 'must say');
    request.signedIn = session;
    if (!covers(session.role, access.roles))
      throw problem(403, 'role-insufficient', 'Your role may not do this.');
  });
}

function unauthenticated(code: string, detail: string) {
  const challenge =
    code === 'session-expired' ? 'Bearer realm="clinic", error="invalid_token"' : 'Bearer realm="clinic"';
  return problem(401, code, { detail, headers: { 'www-authenticate': challenge } });
}

/** Browsers say where a request comes from: by Sec-Fetch-Site where they can, by Origin on every unsafe request. */
function refuseOtherSites(request: FastifyRequest, own: string, rule: 'must say' | 'may be silent'): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const silent = site === undefined && origin === undefined;
  if (silent && rule === 'may be silent') return;
  const fromHere = site === undefined ? origin === own : site === 'same-origin';
  if (!fromHere) throw problem(403, 'cross-site-request', 'Sent from another site.');
}
