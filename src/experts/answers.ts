import type { ExpertStatus } from '../routing/routing.ts';
import type { Expert } from './service.ts';

/** Experts as the API tells them: times in ISO 8601. */

export function toExpert({ id, name, active, skills, presence, softphone, version, status }: Expert) {
  const { intent, reason, until } = presence;
  return {
    ...{ id, name, active, skills, softphone, version },
    presence: { state: intent, reason, until: instant(until) },
    status: status === null ? null : toStatus(status),
  };
}

export function toStatus(status: ExpertStatus) {
  const { intent, pausedUntil, since, wrapUpUntil, ...same } = status;
  return {
    ...same,
    state: intent,
    until: instant(pausedUntil),
    since: new Date(since).toISOString(),
    wrapUpUntil: instant(wrapUpUntil),
  };
}

function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
