import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import { within } from '../platform/within.ts';

const PATIENCE_MS = 200;

/**
 * What a citizen's channel carries for whoever finds it later. A talk or a place in the queue does not depend on it, so it is
 * waited for only a moment: while words sound to a citizen Asterisk does nothing else on the channel, and an offer would come
 * too late. One after another, since the later one counts.
 */
export function createMarks(telephony: Pick<Telephony, 'setVariables'>, log: Log) {
  /** The last one of each channel, while it is on its way. */
  const underWay = new Map<string, Promise<void>>();

  async function set(channelId: string, variables: Record<string, string>): Promise<void> {
    try {
      await telephony.setVariables(channelId, variables);
    } catch (error) {
      log.warn({ err: error, channelId }, 'channel.unmarked');
    }
  }

  return async (channelId: string, variables: Record<string, string>): Promise<void> => {
    const before = underWay.get(channelId) ?? Promise.resolve();
    const mine = before
      .then(() => set(channelId, variables))
      .then(() => {
        if (underWay.get(channelId) === mine) underWay.delete(channelId);
      });
    underWay.set(channelId, mine);
    await within(mine, PATIENCE_MS);
  };
}

export type Mark = ReturnType<typeof createMarks>;
