import type { ChannelSnapshot, TelephonyEvent } from './telephony.ts';

/** JSON as it came: nothing about it is certain. */
export type Raw = Readonly<Record<string, unknown>>;

/** What a frame of the socket turned out to be. `ignored`: an event nobody here needs, known to us or not. */
export type Frame = { kind: 'event'; raw: Raw; type: string } | { kind: 'malformed' };

/** Reads one frame; never throws. */
export function readFrame(text: string): Frame {
  try {
    const raw: unknown = JSON.parse(text);
    if (isRaw(raw) && typeof raw.type === 'string') return { kind: 'event', raw, type: raw.type };
  } catch {
    return { kind: 'malformed' };
  }
  return { kind: 'malformed' };
}

/**
 * An event of ARI as the rooms see it, or null for one that nobody needs, of a type we do not know or without what it
 * should have. Contact events are not told here: see contacts.ts.
 * @param lateness milliseconds since the exchange told it, by its time: see lateness.ts
 */
export function readEvent(raw: Raw, lateness: (at: number) => number): TelephonyEvent | null {
  const read =
    typeof raw.type === 'string' && Object.hasOwn(READERS, raw.type) ? READERS[raw.type] : undefined;
  return read?.(raw, readTime(raw.timestamp), lateness) ?? null;
}

/** Asterisk's AST_SOFTHANGUP_SHUTDOWN (include/asterisk/channel.h, 22.10): in a soft request `cause` holds such flags. */
const SHUTDOWN = 4;

type Reader = (raw: Raw, at: number, lateness: (at: number) => number) => TelephonyEvent | null;

/** An event about one channel; null without the channel's id. */
function ofChannel(read: (channelId: string, ...told: Parameters<Reader>) => TelephonyEvent | null): Reader {
  return (raw, ...told) => {
    const channelId = text(child(raw, 'channel').id);
    return channelId === '' ? null : read(channelId, raw, ...told);
  };
}

const READERS: Readonly<Record<string, Reader>> = {
  StasisStart: ofChannel((_id, raw, at) => ({
    type: 'channel-entered',
    channel: readChannel(child(raw, 'channel')),
    args: Array.isArray(raw.args) ? raw.args.map(text) : [],
    at,
  })),
  StasisEnd: ofChannel((channelId, _raw, at) => ({ type: 'channel-left', channelId, at })),
  ChannelDestroyed: ofChannel((channelId, raw, at, lateness) => ({
    type: 'channel-destroyed',
    channelId,
    cause: number(raw.cause),
    at,
    lateMs: lateness(at),
  })),
  ChannelHangupRequest: ofChannel((channelId, raw, at) => ({
    type: 'hangup-requested',
    channelId,
    byExchange: raw.soft === true && (number(raw.cause) & SHUTDOWN) !== 0,
    at,
  })),
  ChannelStateChange: ofChannel((channelId, raw, at) => ({
    type: 'channel-state',
    channelId,
    state: text(child(raw, 'channel').state),
    at,
  })),
  ChannelDtmfReceived: ofChannel((channelId, raw, at) => {
    const digit = text(raw.digit);
    return /^[0-9A-D*#]$/.test(digit) ? { type: 'digit', channelId, digit, at } : null;
  }),
  PlaybackFinished: (raw, at) => {
    const { id, state } = child(raw, 'playback');
    const playbackId = text(id);
    return playbackId === ''
      ? null
      : { type: 'playback-finished', playbackId, failed: state === 'failed', at };
  },
};

/**
 * The types Asterisk is asked to send: those read above, the echo that proves the socket, and the word that another process has
 * taken our name. Unasked it would send half as much again for every call in set variables alone (48 events, 44 kB), all of it to
 * be written, read and thrown away.
 */
export const NEEDED_TYPES: readonly string[] = [
  ...Object.keys(READERS),
  'ChannelUserevent',
  'ApplicationReplaced',
];

/** A channel as Asterisk tells it in events and lists; what is missing is ''. */
export function readChannel(raw: Raw): ChannelSnapshot {
  const dialplan = child(raw, 'dialplan');
  const variables = Object.entries(child(raw, 'channelvars')).map(
    ([name, value]) => [name, text(value)] as const,
  );
  return {
    id: text(raw.id),
    name: text(raw.name),
    state: text(raw.state),
    callerNumber: text(child(raw, 'caller').number),
    connectedNumber: text(child(raw, 'connected').number),
    createdAt: readTime(raw.creationtime),
    application: text(dialplan.app_name),
    applicationData: text(dialplan.app_data),
    context: text(dialplan.context),
    variables: Object.fromEntries(variables),
  };
}

/** `2026-11-23T21:04:18.668+0000` in milliseconds since the epoch; 0 where it is no time. */
export function readTime(value: unknown): number {
  const time = Date.parse(text(value).replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(time) ? 0 : time;
}

export const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object under this name; an empty one where there is none. */
export function child(raw: Raw, name: string): Raw {
  const value = raw[name];
  return isRaw(value) ? value : {};
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const number = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;
