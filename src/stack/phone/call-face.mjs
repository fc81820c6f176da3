/**
 * What users of a call see, whichever side placed it.
 *
 * @typedef {import('./call.mjs').CallEvent} CallEvent
 * @typedef {import('./call.mjs').CallState} CallState
 */
import { note } from './call.mjs';
import { requestsOf } from './requests.mjs';
import { headerValue, parseNameAddress, parseUri } from './sip.mjs';
import { tone } from './tone.mjs';

/**
 * The party a From (or P-Asserted-Identity) names.
 * @param {string | undefined} value
 */
export function partyOf(value) {
  const { display, uri } = parseNameAddress(value ?? '');
  return { display, uri, number: parseUri(uri).user };
}

/**
 * What both kinds of calls offer.
 * @param {ReturnType<typeof import('./call.mjs').newCall>} call
 */
export function faceOf(call) {
  return {
    direction: call.direction,
    callId: call.dialog.callId,
    /** @returns {CallState} */
    get state() {
      return call.state;
    },
    /** The INVITE: theirs of an inbound call, ours of an outbound one. */
    get invite() {
      return call.invite;
    },
    /** The last response to our INVITE. */
    get response() {
      return call.response;
    },
    /**
     * A header of what the other side sent: its INVITE, or its last response to ours.
     * @param {string} name
     * @returns {string | undefined}
     */
    header(name) {
      const message = call.direction === 'inbound' ? call.invite : call.response;
      return message ? headerValue(message, name) : undefined;
    },
    /** Everything that happened, in order. */
    events: call.events,
    /**
     * @param {(event: CallEvent) => void} listener
     * @returns {() => void}
     */
    onEvent(listener) {
      call.listeners.add(listener);
      return () => call.listeners.delete(listener);
    },
    until: (type) => until(call, type),
    /** true at 180 or 183, false when the call ends without. @type {Promise<boolean>} */
    rang: call.rang.promise,
    /** true when the call is answered, false when it ends unanswered. */
    answered: call.answered.promise,
    ended: call.ended.promise,
    /**
     * As RFC 4733 events, after what is still playing.
     * @param {string} digits
     * @param {{ durationMs?: number, gapMs?: number }} [pace]
     * @returns {Promise<boolean>} false when the call ended before the last was out
     */
    sendDigits(digits, pace) {
      note(call, 'digits-sent', { digits });
      return call.rtp.sendDigits(digits, pace);
    },
    /**
     * @param {Int16Array} pcm 8 kHz
     * @returns {Promise<boolean>}
     */
    playPcm: (pcm) => call.rtp.playPcm(pcm),
    /**
     * @param {number} frequencyHz
     * @param {number} seconds
     * @returns {Promise<boolean>}
     */
    playTone: (frequencyHz, seconds) => call.rtp.playPcm(tone(frequencyHz, seconds)),
    /** Stops playing; digits not yet sent are forgotten too. */
    silence: () => call.rtp.silence(),
    /** @returns {import('./recorder.mjs').Recording} what was heard so far, also after the end */
    recording: () => call.rtp.recording(),
    ...requestsOf(call),
  };
}

/**
 * @param {string} type
 * @returns {Promise<CallEvent | null>} the first event of that type, had or to come; null when the call ends without it
 */
function until(call, type) {
  const had = call.events.find((event) => event.type === type);
  if (had !== undefined || call.state === 'ended') return Promise.resolve(had ?? null);
  return new Promise((resolve) => {
    const listener = (event) => {
      if (event.type !== type && event.type !== 'ended') return;
      call.listeners.delete(listener);
      resolve(event.type === type ? event : null);
    };
    call.listeners.add(listener);
  });
}
