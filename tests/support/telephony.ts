import type {
  BridgeSnapshot,
  ChannelSnapshot,
  LinkState,
  SipAccount,
  Telephony,
  TelephonyEvent,
} from '../../src/asterisk/telephony.ts';

/**
 * The telephone exchange as a script, for tests in which the order of its events matters to the instant. What a real
 * exchange does is tested on a real one (tests/line).
 */
export interface ScriptedTelephony {
  telephony: Telephony;
  say(event: TelephonyEvent): void;
  setLink(state: LinkState): void;
  /** Names of endpoints with a live contact. */
  online: Set<string>;
  accounts: Map<string, SipAccount>;
  /** Channels the exchange tells of when it is asked for them. */
  standing: ChannelSnapshot[];
  /** What was asked of it, e.g. `play c1 feature/ready`. */
  deeds: string[];
  /** The exchange starts anew and has lost the accounts. */
  restart(): void;
  /** How many listeners it has: nothing may be left over. */
  listeners(): number;
}

export function scriptedTelephony(): ScriptedTelephony {
  const eventListeners = new Set<(event: TelephonyEvent) => void>();
  const linkListeners = new Set<(state: LinkState) => void>();
  const accounts = new Map<string, SipAccount>();
  const online = new Set<string>();
  const standing: ChannelSnapshot[] = [];
  const deeds: string[] = [];
  let link: LinkState = 'ready';
  let startedAt = 1000;

  function ask<T>(deed: string | null, answer: () => T): Promise<T> {
    if (link === 'down')
      return Promise.reject(Object.assign(new Error('the link is down'), { code: 'link-down' }));
    if (deed !== null) deeds.push(deed);
    return Promise.resolve(answer());
  }
  const done = (deed: string) => ask(deed, () => 'done' as const);
  const listen = <T>(set: Set<T>, listener: T) => {
    set.add(listener);
    return () => void set.delete(listener);
  };
  const unscripted = (name: string) => () => Promise.reject(new Error(`${name} is not in this script`));

  const telephony: Telephony = {
    link: () => link,
    onLink: (listener) => listen(linkListeners, listener),
    onEvent: (listener) => listen(eventListeners, listener),
    onReplaced: () => () => undefined,
    answer: (channelId) => done(`answer ${channelId}`),
    hangup: (channelId) => done(`hangup ${channelId}`),
    play: (channelId, _playbackId, sounds) => done(`play ${channelId} ${sounds.join(' ')}`),
    putSoftphone: (account) =>
      ask(`put ${account.username}`, () => void accounts.set(account.username, account)),
    removeSoftphone: (username) => ask(`remove ${username}`, () => void accounts.delete(username)),
    onlineEndpoints: () => ask(null, () => [...online]),
    channels: () => ask(null, () => [...standing]),
    bridges: () => ask(null, (): BridgeSnapshot[] => []),
    setGlobal: (name, value) => ask(`setGlobal ${name} ${value}`, () => undefined),
    asteriskInfo: () => ask(null, () => ({ systemName: 'clinic', startedAt, version: '22.10.1' })),
    blockSources: unscripted('blockSources'),
    stopPlayback: unscripted('stopPlayback'),
    isPlaying: unscripted('isPlaying'),
    startMusic: unscripted('startMusic'),
    stopMusic: unscripted('stopMusic'),
    setVariables: unscripted('setVariables'),
    getVariable: unscripted('getVariable'),
    watchChannel: unscripted('watchChannel'),
    continueInDialplan: unscripted('continueInDialplan'),
    takeOver: unscripted('takeOver'),
    originate: unscripted('originate'),
    createBridge: unscripted('createBridge'),
    addToBridge: unscripted('addToBridge'),
    removeFromBridge: unscripted('removeFromBridge'),
    destroyBridge: unscripted('destroyBridge'),
    runDialplan: unscripted('runDialplan'),
    storedRecording: unscripted('storedRecording'),
    deleteStoredRecording: unscripted('deleteStoredRecording'),
    mayFinish: () => undefined,
    trust: () => true,
    stopHearing: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return {
    ...{ telephony, online, accounts, standing, deeds },
    say: (event) => eventListeners.forEach((listener) => listener(event)),
    setLink: (state) => {
      link = state;
      linkListeners.forEach((listener) => listener(state));
    },
    restart: () => {
      accounts.clear();
      startedAt += 1000;
    },
    listeners: () => eventListeners.size + linkListeners.size,
  };
}

/** An expert's telephone that dialled a code and entered our application. */
export function dialled(channelId: string, name: string, code: string): TelephonyEvent {
  return {
    type: 'channel-entered',
    channel: channelOf(channelId, name, code),
    args: ['feature', code],
    at: Date.now(),
  };
}

export function channelOf(id: string, name: string, code: string): ChannelSnapshot {
  return {
    ...{ id, name, state: 'Ring', callerNumber: 'e999', connectedNumber: '', createdAt: Date.now() },
    application: 'Stasis',
    applicationData: `clinic,feature,${code}`,
    context: '',
    variables: {},
  };
}
