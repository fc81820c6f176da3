import type { FastifyRequest } from 'fastify';
import { problem, type Problem } from './problem.ts';

/** The entity tag of a thing at a version: `reply.header('etag', etag(expert.version))`. */
export function etag(version: number): string {
  return `"v${version}"`;
}

/**
 * What the sender believes the thing's version is. Returns a test for the current one.
 * Compared strongly: a weak tag (`W/…`) never matches, `*` matches whatever is there.
 * @throws Problem 428 `precondition-required` without the header.
 */
export function ifMatch(request: FastifyRequest): (version: number) => boolean {
  const header = request.headers['if-match'];
  if (header === undefined) {
    throw problem(428, 'precondition-required', 'Send If-Match with the ETag of the version you changed.');
  }
  const tags = header.split(',').map((tag) => tag.trim());
  return (version) => tags.includes('*') || tags.includes(etag(version));
}

/** 412: the thing has changed since the sender read it. */
export function stale(): Problem {
  return problem(412, 'version-stale', 'It was changed meanwhile; read it again.');
}
