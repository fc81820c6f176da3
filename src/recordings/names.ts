/** How recordings are named: in Asterisk's spool, as channels that listen, and below the folder of recordings. Pure. */

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** In the exchange's spool: a folder of ours, which Asterisk makes where it does not make its own. */
const SPOOL = 'clinic-talks/';
const TALK = new RegExp(`^${SPOOL}(${UUID})-([A-Za-z0-9-]+)$`);
const LISTENER = 'rec-';
/** Behind the name of every sealed file. */
const SEALED = '.sealed';

export interface TalkName {
  callId: string;
  offerId: string;
}

/** The same talk has the same name, whoever asks for it: it is recorded once, and found again after a crash. */
export const talkName = ({ callId, offerId }: TalkName): string => `${SPOOL}${callId}-${offerId}`;

export function readTalkName(name: string): TalkName | null {
  const [, callId, offerId] = TALK.exec(name) ?? [];
  return callId === undefined || offerId === undefined ? null : { callId, offerId };
}

/** The channel that listens to a talk. */
export const listenerOf = ({ callId, offerId }: TalkName): string => `${LISTENER}${callId}-${offerId}`;

/** The name of the talk a channel listens to; null for any other channel. */
export const heardBy = (channelId: string): string | null =>
  channelId.startsWith(LISTENER) ? SPOOL + channelId.slice(LISTENER.length) : null;

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** By the day of the call, which its id begins with (UUIDv7). */
export function talkPath(talk: TalkName): string {
  const at = Number.parseInt(talk.callId.replaceAll('-', '').slice(0, 12), 16);
  return `talks/${dayOf(at)}/${talk.callId}-${talk.offerId}.wav${SEALED}`;
}

/** enteredAt: milliseconds since the epoch. */
export const messagePath = (channelId: string, enteredAt: number): string =>
  `messages/${dayOf(enteredAt)}/${channelId}.wav${SEALED}`;

/** hash: of what the message holds. */
export const importedPath = (hash: string): string => `imported/${hash}${SEALED}`;

/** What lay there in the clear before. */
export const sealedPath = (path: string): string => `${path}${SEALED}`;
