import type { Reached, TelephonyEvent } from './telephony.ts';

/**
 * Channels being taken over. Asterisk tells them as left and, at once, as entered again; to the rooms such a channel
 * never left. One that hangs up in that moment did: it is not told as entered, and then its leaving is told after all.
 */
export interface Moves {
  during: (channelId: string, move: () => Promise<Reached>) => Promise<Reached>;
  /** The event, or null while it is held back. */
  pass: (event: TelephonyEvent) => TelephonyEvent | null;
  close: () => void;
}

/** Left and entered were never more than some milliseconds apart. */
const HELD_MS = 500;

export function createMoves(tell: (event: TelephonyEvent) => void): Moves {
  const moving = new Map<string, { held: TelephonyEvent | null; timer: NodeJS.Timeout | undefined }>();

  function over(channelId: string): void {
    const move = moving.get(channelId);
    moving.delete(channelId);
    clearTimeout(move?.timer);
    if (move?.held) tell(move.held);
  }

  function hold(event: Extract<TelephonyEvent, { type: 'channel-left' }>): TelephonyEvent | null {
    const move = moving.get(event.channelId);
    if (move === undefined) return event;
    move.held = event;
    move.timer = setTimeout(() => over(event.channelId), HELD_MS);
    return null;
  }

  return {
    during: async (channelId, move) => {
      moving.set(channelId, { held: null, timer: undefined });
      try {
        const reached = await move();
        if (reached === 'gone') over(channelId);
        return reached;
      } catch (error) {
        over(channelId);
        throw error;
      }
    },
    pass: (event) => {
      if (event.type === 'channel-left') return hold(event);
      if (event.type === 'channel-entered') {
        clearTimeout(moving.get(event.channel.id)?.timer);
        moving.delete(event.channel.id);
      }
      return event;
    },
    close: () => {
      for (const { timer } of moving.values()) clearTimeout(timer);
      moving.clear();
    },
  };
}
