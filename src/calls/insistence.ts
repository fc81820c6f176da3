import type { Telephony } from '../asterisk/telephony.ts';
import { codeOf } from '../platform/fault.ts';

/** Nobody knows whether the exchange acted. */
const UNCERTAIN: ReadonlySet<string | null> = new Set(['ari-timeout', 'ari-unreachable']);

/**
 * The telephony of live calls: what may be carried out twice is asked for once more when no answer came. Without that a
 * request lost on the way leaves a citizen in silence, or a bridge that is there for ever. Words and rings are not repeated:
 * they would be heard twice.
 */
export function insistent(telephony: Telephony): Telephony {
  return {
    ...telephony,
    hangup: (channelId, cause) => again(() => telephony.hangup(channelId, cause)),
    stopPlayback: (playbackId) => again(() => telephony.stopPlayback(playbackId)),
    startMusic: (channelId) => again(() => telephony.startMusic(channelId)),
    stopMusic: (channelId) => again(() => telephony.stopMusic(channelId)),
    setVariables: (channelId, variables) => again(() => telephony.setVariables(channelId, variables)),
    continueInDialplan: (channelId, to) => again(() => telephony.continueInDialplan(channelId, to)),
    watchChannel: (channelId) => again(() => telephony.watchChannel(channelId)),
    createBridge: (bridgeId) => again(() => telephony.createBridge(bridgeId)),
    addToBridge: (bridgeId, channelId) => again(() => telephony.addToBridge(bridgeId, channelId)),
    removeFromBridge: (bridgeId, channelId) => again(() => telephony.removeFromBridge(bridgeId, channelId)),
    destroyBridge: (bridgeId) => again(() => telephony.destroyBridge(bridgeId)),
  };
}

async function again<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!UNCERTAIN.has(codeOf(error))) throw error;
    return await request();
  }
}
