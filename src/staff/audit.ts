import { query, type Queryable } from '../platform/sql.ts';

export interface AuditEntry {
  /** `account:<id>` or `system`. */
  actor: string;
  /** `noun.past-verb`, e.g. `account.changed`. */
  action: string;
  /** What it was done to, e.g. `expert:e001`. */
  subject: string;
  /** What changed. Never a password, token, secret or citizen's number. */
  detail?: Readonly<Record<string, unknown>>;
}

export interface AuditRow {
  id: string;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  /** ISO 8601; `to` is exclusive. */
  from?: string | undefined;
  to?: string | undefined;
}

/** Writes one line. Give the client of the change's own transaction, so that neither stands without the other. */
export async function recordAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  const detail = JSON.stringify(entry.detail ?? {});
  await query(db, 'staff/add-audit', [entry.actor, entry.action, entry.subject, detail]);
}

/** A page of the audit, newest first. before: the last id of the page before. */
export async function listAudit(
  db: Queryable,
  filter: AuditFilter,
  before: string | null,
  limit: number,
): Promise<AuditRow[]> {
  const { actor = null, action = null, subject = null, from = null, to = null } = filter;
  return query<AuditRow & Record<string, unknown>>(db, 'staff/list-audit', [
    before,
    actor,
    action,
    subject,
    from,
    to,
    limit,
  ]);
}
