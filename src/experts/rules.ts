import type { Intent } from '../routing/routing.ts';

/** Plain facts about experts and their telephones. Pure. */

/** What an expert wants, as it is kept. until: when a pause ends by itself, ms since the epoch. */
export interface Presence {
  intent: Intent;
  reason: string | null;
  until: number | null;
}

export interface Skill {
  specialty: string;
  /** 1–5, 5 is the highest. */
  level: number;
}

export type Feature = { kind: 'presence'; intent: Intent } | { kind: 'outcome'; digit: string };

/** What came of a keyed outcome, and the prompt that tells it. */
export const OUTCOME_PROMPTS = {
  saved: 'feature/outcome-saved',
  'saved-earlier': 'feature/outcome-saved-earlier',
  'none-missing': 'feature/no-outcome-missing',
  refused: 'feature/refused',
} as const;
/** Behind what was keyed about presence, where the outcome of a talk is still owed. */
export const OUTCOME_MISSING = 'feature/outcome-missing';
export type OutcomeKeyed = keyof typeof OUTCOME_PROMPTS;

/** Reason kept with a pause that was keyed: a telephone has no way to say why. */
export const KEYPAD_REASON = 'keypad';

const PRESENCE_BY_CODE: ReadonlyMap<string, Intent> = new Map([
  ['*45', 'ready'],
  ['*46', 'paused'],
  ['*47', 'offline'],
]);

/** What an expert's telephone asks for by a code; null: no code of ours. */
export function readFeature(code: string): Feature | null {
  const intent = PRESENCE_BY_CODE.get(code);
  if (intent !== undefined) return { kind: 'presence', intent };
  const digit = /^\*5([0-9])$/.exec(code)?.[1];
  return digit === undefined ? null : { kind: 'outcome', digit };
}

/**
 * Whose telephone a channel is, from the endpoint in the channel's name (`PJSIP/e001-0000002a`): only there it is what
 * the digest proved. Caller ids are whatever the telephone says, so they are never asked.
 */
export function expertOfChannel(name: string): string | null {
  return /^PJSIP\/(e[0-9]{3,5})-[0-9a-f]+$/.exec(name)?.[1] ?? null;
}

/** Trunks are endpoints too; only experts' telephones are named like this. */
export function isExpertId(text: string): boolean {
  return /^e[0-9]{3,5}$/.test(text);
}

/** A pause that has run out while nobody watched means ready. now: ms since the epoch. */
export function presentIntent(saved: Presence, now: number): Presence {
  const over = saved.intent === 'paused' && saved.until !== null && saved.until <= now;
  return over ? { intent: 'ready', reason: null, until: null } : saved;
}

export function samePresence(a: Presence, b: Presence): boolean {
  return a.intent === b.intent && a.reason === b.reason && a.until === b.until;
}

/** A specialty named twice, or null: levels would contradict each other. */
export function repeatedSpecialty(skills: readonly Skill[]): string | null {
  const names = skills.map((skill) => skill.specialty);
  return names.find((name, index) => names.indexOf(name) !== index) ?? null;
}
