import type { Call } from './call.ts';
import { expertChannel } from './identity.ts';
import type { Runner } from './runner.ts';

/** A talk that is going on, for whoever acts on it from outside. */
export interface LiveTalk {
  callId: string;
  /** From which the talk has come. */
  offerId: string;
  expertId: string;
  /** The channels of the two. */
  legs: readonly string[];
}

export interface Talks {
  /** null: nobody talks in this call. */
  talkOf(callId: string): LiveTalk | null;
  /** channelId: of the expert's telephone. null: nobody talks there. */
  talkAt(channelId: string): LiveTalk | null;
  /** The recording of this talk was paused, or goes on: that stands in the ledger. */
  noteRecording(talk: Pick<LiveTalk, 'callId' | 'offerId'>, paused: boolean, actor: string): void;
}

export function createTalks(live: () => ReadonlyMap<string, Runner>): Talks {
  return {
    talkOf: (callId) => talkIn(live().get(callId)?.call()),
    talkAt: (channelId) => {
      for (const runner of live().values()) {
        const talk = talkIn(runner.call());
        if (talk !== null && expertChannel(talk.offerId) === channelId) return talk;
      }
      return null;
    },
    noteRecording: ({ callId, offerId }, paused, actor) =>
      live().get(callId)?.post({ type: 'recording-switched', offerId, paused, actor }),
  };
}

function talkIn(call: Call | undefined): LiveTalk | null {
  if (call?.state !== 'talking' || call.talk === null) return null;
  const { offerId, expertId } = call.talk;
  return { callId: call.id, offerId, expertId, legs: [call.channelId, expertChannel(offerId)] };
}
