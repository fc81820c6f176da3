import { dialPlanOf } from '../callbacks/rules.ts';
import type { Config } from '../config.ts';
import type { Settings } from './call.ts';
import type { EffectDeps } from './ports.ts';

/** What the configuration means to a call, and to what is done for it. */

const MENU_PROMPTS = 3;

export function settingsOf(config: Config, specialties: Readonly<Record<string, string>>): Settings {
  return {
    specialties,
    defaultSpecialty: config.DEFAULT_SPECIALTY,
    menuPrompts: MENU_PROMPTS,
    menuTimeoutSeconds: config.MENU_TIMEOUT_SECONDS,
    ringSeconds: config.RING_SECONDS,
    dialSeconds: config.CALLBACK_RING_SECONDS,
    wrapUpSeconds: config.WRAP_UP_SECONDS,
    positionRepeatSeconds: config.POSITION_REPEAT_SECONDS,
    queueCap: config.QUEUE_CAP === 0 ? null : config.QUEUE_CAP,
    sameExpertSeconds: config.SAME_EXPERT_SECONDS,
    surveyMinTalkSeconds: config.SURVEY_ENABLED ? config.SURVEY_MIN_TALK_SECONDS : null,
    recordTalks: config.RECORD_TALKS,
    destinations: config.CALLBACK_DESTINATIONS,
  };
}

/** isHere: whether this citizen is calling us at this moment. */
export const performanceOf = (
  config: Config,
  isHere: (number: string) => boolean,
): Pick<EffectDeps, 'zone' | 'ringSeconds' | 'closing' | 'callerId' | 'callbacks'> => ({
  zone: config.CLINIC_TIMEZONE,
  ringSeconds: config.RING_SECONDS,
  closing: {
    noticeMs: config.CLOSING_NOTICE_MINUTES * 60_000,
    graceMs: config.CLOSING_GRACE_SECONDS * 1000,
  },
  callerId: `"${config.CLINIC_NUMBER}-${config.CLINIC_OPTION}" <${config.CLINIC_NUMBER}>`,
  callbacks: { ...dialPlanOf(config), isHere },
});
