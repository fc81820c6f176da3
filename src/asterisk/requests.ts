import { randomUUID } from 'node:crypto';
import type { Api, Operation } from './api.ts';
import { child, isRaw, readChannel, readTime, text, type Raw } from './events.ts';
import { AsteriskFault, meansGone, orNull, reached } from './faults.ts';
import type { BridgeSnapshot, Originate, Telephony } from './telephony.ts';
import { commaList } from './values.ts';

/** The part of Telephony that asks Asterisk for something. */
export type Requests = Omit<
  Telephony,
  | 'link'
  | 'trust'
  | 'onLink'
  | 'onEvent'
  | 'onReplaced'
  | 'putSoftphone'
  | 'removeSoftphone'
  | 'blockSources'
  | 'mayFinish'
  | 'stopHearing'
  | 'close'
>;

/** Ids of the channels that run a dialplan extension; the half that idles has this alone, the other one `;2` behind. */
const RUNNER = 'run-';
/** Music class of the waiting. */
const MUSIC = 'clinic';

/**
 * @param call refuses with `link-down` while there is no proven socket.
 * @param app name of our application in Asterisk.
 */
export function createRequests(call: Api['call'], app: string): Requests {
  const act = (operation: Operation, args: Record<string, unknown>) => reached(call(operation, args));
  const list = async (operation: Operation, args?: Record<string, unknown>): Promise<Raw[]> => {
    const answer = await call(operation, args);
    return Array.isArray(answer) ? answer.filter(isRaw) : [];
  };

  return {
    answer: (channelId) => act('channels.answer', { channelId }),
    hangup: (channelId, cause) =>
      act('channels.hangup', { channelId, ...(cause === undefined ? {} : { reason_code: String(cause) }) }),
    play: async (channelId, playbackId, sounds) => {
      const media = commaList('a sound', sounds.map(mediaUri));
      return act('channels.playWithId', { channelId, playbackId, media });
    },
    stopPlayback: (playbackId) => act('playbacks.stop', { playbackId }),
    isPlaying: async (playbackId) => (await orNull(call('playbacks.get', { playbackId }))) !== null,
    startMusic: (channelId) => act('channels.startMoh', { channelId, mohClass: MUSIC }),
    stopMusic: (channelId) => act('channels.stopMoh', { channelId }),
    setVariables: (channelId, variables) => act('channels.setChannelVars', { channelId, variables }),
    getVariable: async (channelId, variable) => {
      const answer = await orNull(call('channels.getChannelVar', { channelId, variable }));
      return isRaw(answer) ? text(answer.value) : null;
    },
    watchChannel: (channelId) =>
      act('applications.subscribe', { applicationName: app, eventSource: `channel:${channelId}` }),
    continueInDialplan: (channelId, to) =>
      act('channels.continueInDialplan', {
        channelId,
        ...(to === undefined ? {} : { ...to, priority: String(to.priority) }),
      }),
    takeOver: async (channelId, args) =>
      act('channels.move', { channelId, app, appArgs: commaList('an argument', args) }),

    originate: (request) => originate(call, app, request),
    createBridge: async (bridgeId) => {
      await unlessDuplicate(call('bridges.createWithId', { bridgeId, type: 'mixing' }));
    },
    addToBridge: (bridgeId, channelId) => act('bridges.addChannel', { bridgeId, channel: channelId }),
    removeFromBridge: (bridgeId, channelId) => act('bridges.removeChannel', { bridgeId, channel: channelId }),
    destroyBridge: (bridgeId) => act('bridges.destroy', { bridgeId }),

    channels: async () =>
      (await list('channels.list')).map(readChannel).filter((channel) => !isIdleRunner(channel.id)),
    bridges: async () => (await list('bridges.list')).map(readBridge),
    onlineEndpoints: async () => {
      const endpoints = await orNull(list('endpoints.listByTech', { tech: 'PJSIP' }));
      return (endpoints ?? [])
        .filter(({ state }) => state === 'online')
        .map(({ resource }) => text(resource));
    },

    runDialplan: (context, extension) => runDialplan(call, app, context, extension),
    storedRecording: async (recordingName) => {
      const sound = await orNull(call('recordings.getStoredFile', { recordingName }));
      return sound instanceof Uint8Array ? sound : null;
    },
    deleteStoredRecording: (recordingName) => act('recordings.deleteStored', { recordingName }),

    setGlobal: async (variable, value) => {
      await call('asterisk.setGlobalVar', { variable, value });
    },
    asteriskInfo: async () => readInfo(await call('asterisk.getInfo')),
  };
}

/**
 * `Allocation failed` is what Asterisk says of an endpoint without a contact; it is not worth a second try. A duplicate
 * id is our own request come through twice.
 */
async function originate(
  call: Api['call'],
  app: string,
  request: Originate,
): Promise<'done' | 'unreachable' | 'gone'> {
  const { channelId, endpoint, args, callerId, timeoutSeconds, originatorId, variables } = request;
  const appArgs = commaList('an argument', args);
  // Asterisk takes one of the two: the originator's own codecs, or ours. Without either it would offer µ-law alone.
  const codecs = originatorId === undefined ? { formats: 'alaw,ulaw' } : { originator: originatorId };
  const placed = { channelId, endpoint, app, appArgs, callerId, timeout: String(timeoutSeconds), ...codecs };
  try {
    await unlessDuplicate(
      call('channels.originateWithId', { ...placed, ...(variables === undefined ? {} : { variables }) }),
    );
    return 'done';
  } catch (error) {
    if (error instanceof AsteriskFault && error.status === 500 && error.reason === 'Allocation failed')
      return 'unreachable';
    if (meansGone(error)) return 'gone';
    throw error;
  }
}

/** The ids are ours and never used twice: one that exists already was made by this very request. */
async function unlessDuplicate(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof AsteriskFault && error.status === 409)) throw error;
  }
}

/** A Local channel: one half walks the dialplan, the other sits in our application and ends with it. */
async function runDialplan(
  call: Api['call'],
  app: string,
  context: string,
  extension: string,
): Promise<void> {
  const endpoint = `Local/${extension}@${context}/n`;
  await call('channels.originateWithId', {
    channelId: `${RUNNER}${randomUUID()}`,
    endpoint,
    app,
    appArgs: 'idle',
    timeout: '-1',
  });
}

/** The idle half of a channel that runs a dialplan extension: of no use to anybody, so nobody is told of it. */
export const isIdleRunner = (channelId: string): boolean =>
  channelId.startsWith(RUNNER) && !channelId.endsWith(';2');

const mediaUri = (sound: string): string =>
  /^(tone|sound|recording|digits|number):/.test(sound) ? sound : `sound:${sound}`;

const readBridge = (raw: Raw): BridgeSnapshot => ({
  id: text(raw.id),
  channelIds: Array.isArray(raw.channels) ? raw.channels.map(text) : [],
});

function readInfo(answer: unknown): { systemName: string; startedAt: number; version: string } {
  const info = isRaw(answer) ? answer : {};
  return {
    systemName: text(child(info, 'config').name),
    startedAt: readTime(child(info, 'status').startup_time),
    version: text(child(info, 'system').version),
  };
}
