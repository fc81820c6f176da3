/** What each role may do, as far as roles alone decide it. */

export const ROLES = ['admin', 'supervisor', 'reviewer', 'editor', 'auditor', 'expert'] as const;
export type Role = (typeof ROLES)[number];

/** An admin may do all a supervisor may; the other roles stand beside each other. */
const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  admin: ['admin', 'supervisor'],
  supervisor: ['supervisor'],
  reviewer: ['reviewer'],
  editor: ['editor'],
  auditor: ['auditor'],
  expert: ['expert'],
};

export function covers(role: Role, needed: readonly Role[]): boolean {
  return INCLUDES[role].some((held) => needed.includes(held));
}

/** Supervisors and above see citizens' numbers whole; everyone else sees them masked. */
export function seesWholeNumbers(role: Role): boolean {
  return covers(role, ['supervisor']);
}

/** Whom the policy of a second factor concerns. */
export function secondFactorConcerns(role: Role): boolean {
  return covers(role, ['supervisor']);
}

/** Length alone, as current guidance has it: no compulsory signs, no compulsory renewal. */
export const PASSWORD_MIN_LENGTH = 12;
export const PASSWORD_MAX_LENGTH = 200;
