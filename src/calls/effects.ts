import { createTalkEffects } from './bridge.ts';
import type { Call, CallEvent, Wish } from './call.ts';
import { createDiallingEffects } from './dialling.ts';
import { createEntryEffects } from './entries.ts';
import { tellHours } from './hours-told.ts';
import { createMarks } from './marks.ts';
import type { Act, Do, Doing, EffectDeps } from './ports.ts';
import { createQueueEffects } from './queue.ts';
import type { Perform } from './runner.ts';

/** The shell around the table: what the call wants done, done by Asterisk, routing, hours and the ledger. */

/** Where the dialplan takes a number and a message: as the citizen wished, or since we do not or cannot put them in the queue. */
const fallbackOf = (wish: Wish | 'full' | null) => ({
  context: 'clinic',
  extension: wish ?? 'fallback',
  priority: 1,
});

/** The dialplan has closed its row for whoever came by it (clinic, enter); whom we have called came by another way. */
const AS_CALLERS = { 'CHANNEL(hangup_handler_push)': 'clinic-kept,ended,1' };

export function createPerform(deps: EffectDeps): Perform {
  // One for all: of two marks of a channel the later one counts.
  const mark = createMarks(deps.telephony, deps.log);
  const table: Doing<Act['do']> = {
    ...createEntryEffects(deps),
    ...createQueueEffects(deps, mark),
    ...createDiallingEffects(deps),
    ...createTalkEffects(deps, mark),
    ...createCitizenEffects(deps),
  };

  return async (call, effect, reply) => {
    await (
      table[effect.do] as (call: Call, effect: Act, reply: (event: CallEvent) => void) => Promise<unknown>
    )(call, effect, reply);
  };
}

type CitizenEffect = 'play' | 'stop-playing' | 'music' | 'ask-hours' | 'hang-up-citizen' | 'to-fallback';

/** What the citizen hears, and where they go. */
function createCitizenEffects(deps: EffectDeps): Doing<CitizenEffect> {
  const { telephony, clock } = deps;

  /**
   * Without CLINIC_CALL_ID the exchange keeps the call and hands it over with how it ended; CLINIC_GIVEN_UP keeps it from
   * coming back to us before a message could be left.
   */
  const toFallback: Do<'to-fallback'> = async (call, { wish }, reply) => {
    const reference = (await deps.references?.of(call.id)) ?? null;
    const kept = {
      ...{ CLINIC_CALL_ID: '', CLINIC_GIVEN_UP: '1', ...(call.callback === null ? {} : AS_CALLERS) },
      // Whom we cannot call is asked for a number.
      CLINIC_CALLABLE: call.caller !== null && deps.callbacks.allows(call.caller) ? '1' : '',
      // Whom no call is promised either.
      CLINIC_LISTED: call.caller !== null && deps.isListed?.(call.caller) === true ? '1' : '',
      ...(reference === null ? {} : { CLINIC_REFERENCE: reference }),
    };
    // A citizen who is gone is told by an event of its own, which is on its way.
    if ((await telephony.setVariables(call.channelId, kept)) === 'gone') return;
    // Gone by now: the first of two requests came through, or the citizen has hung up. The exchange keeps the call all the same.
    await telephony.continueInDialplan(call.channelId, fallbackOf(wish));
    reply({ type: 'handed-over', kept: true });
  };

  const askHours: Do<'ask-hours'> = ({ caller, callback }, { specialty }, reply) => {
    const number = callback?.number ?? caller;
    const listed = number !== null && deps.isListed?.(number) === true ? { listed: true as const } : {};
    reply({ type: 'hours-told', specialty, ...tellHours(deps, specialty, clock.now()), ...listed });
    return Promise.resolve();
  };

  return {
    play: (call, { playbackId, sounds }, reply) =>
      playing(telephony.play(call.channelId, playbackId, sounds), playbackId, reply),
    'stop-playing': (_call, { playbackId }) => telephony.stopPlayback(playbackId),
    music: (call, { on }) =>
      on ? telephony.startMusic(call.channelId) : telephony.stopMusic(call.channelId),
    'ask-hours': askHours,
    'hang-up-citizen': (call) => telephony.hangup(call.channelId),
    'to-fallback': toFallback,
  };
}

/** Words that could not be started are over at once, so that the call never waits for them. */
async function playing(
  started: Promise<unknown>,
  playbackId: string,
  reply: (event: CallEvent) => void,
): Promise<void> {
  try {
    await started;
  } catch (error) {
    reply({ type: 'playback-finished', playbackId, unheard: true });
    throw error;
  }
}
