import type { Telephony, TelephonyEvent } from '../../../src/asterisk/telephony.ts';
import { fault } from '../../../src/platform/fault.ts';
import type { Chance } from '../random.ts';
import type { Ask, Instance } from './instance.ts';
import type { VirtualTime } from './time.ts';
import type { Place, Witness } from './witness.ts';

/**
 * An exchange as far as the application can tell it from Asterisk: channels in and out of the application, bridges, music,
 * words one after another, events in order to the one connection that is there. What Asterisk does when nobody is there to
 * hear of it is the point: an event is lost, a leg that answers is cut off, music plays on.
 */
export interface SimulatedExchange {
  /** Requests and events of one process. */
  telephony(instance: Instance, ask: Ask): Telephony;
  /** This process has the events from now on; another one loses them. */
  connect(instance: Instance, hear: (event: TelephonyEvent) => void): void;
  disconnect(instance: Instance): void;
  /** A citizen has come through the menu of the municipality. @returns the channel */
  citizenCalls(): string;
  press(channelId: string, digit: string): void;
  hangUp(channelId: string, cause: number): void;
  alive(channelId: string): boolean;
  /** Citizens who carry a place, talk with nobody, and have not been served. */
  places(): Place[];
  /** Channels and bridges that are there. */
  standing(): string[];
}

export interface Channel {
  id: string;
  name: string;
  kind: 'citizen' | 'expert';
  up: boolean;
  inApplication: boolean;
  watched: boolean;
  args: string[];
  variables: Record<string, string>;
  bridge: string | null;
  music: boolean;
  /** The citizen for whom an expert's leg was made. */
  originator: string | null;
  /** Since when nobody rings for this citizen nor talks with them. */
  freeSince: number;
  /** An expert has ended the talk: the last words are being said. */
  served: boolean;
  /** Words under way, the first of them sounding. */
  words: { id: string; sounds: readonly string[] }[];
}

/** What people do, as far as it is up to them. */
export interface People {
  /** Words begin to sound to a citizen. */
  hears(channelId: string, sounds: readonly string[]): void;
  /** An expert's telephone is rung. Calls `answer` or `refuse`, or neither. */
  rings(
    expertId: string,
    leg: { answer: () => void; refuse: (cause: number) => void },
  ): 'rings' | 'unreachable';
  /** Citizen and expert hear each other. */
  joined(citizen: string, leg: string, expertId: string): void;
  /** A leg is no more. */
  over(channelId: string): void;
}

const RETRY_MS = 500;
const NORMAL = 16;
const NO_ANSWER = 19;
const BUSY = 17;

export function createExchange(deps: {
  time: VirtualTime;
  chance: Chance;
  witness: Witness;
  trace: (line: string) => void;
  people: () => People;
}): SimulatedExchange {
  const { time, chance, witness } = deps;
  const channels = new Map<string, Channel>();
  const bridges = new Map<string, Set<string>>();
  let connection: { instance: Instance; hear: (event: TelephonyEvent) => void } | null = null;
  let lastTold = 0;
  let serial = 0;

  function tell(event: TelephonyEvent): void {
    const mine = connection;
    deps.trace(`${mine === null ? 'unheard' : 'event'} ${JSON.stringify(event)}`);
    if (mine === null) return;
    lastTold = Math.max(lastTold, time.now() + chance.whole(0, 3));
    time.after(lastTold - time.now(), () => {
      if (connection === mine && mine.instance.alive) mine.hear(event);
    });
  }

  const at = () => ({ at: time.now() });
  const audible = ({ music, words, bridge, inApplication, up, kind }: Channel): boolean => {
    if (!up || (kind === 'citizen' && !inApplication)) return true;
    return music || words.length > 0 || (bridge !== null && (bridges.get(bridge)?.size ?? 0) > 1);
  };
  const note = (channel: Channel) => witness.sound(channel.id, audible(channel));

  function enter(channel: Channel): void {
    channel.inApplication = true;
    if (channel.kind === 'citizen') witness.entered(channel.id);
    note(channel);
    const snapshot = snapshotOf(channel);
    tell({ type: 'channel-entered', channel: snapshot, args: [...channel.args], ...at() });
  }

  const snapshotOf = ({ id, name, up, inApplication, args, variables }: Channel) => ({
    ...{
      id,
      name,
      state: up ? 'Up' : 'Ring',
      callerNumber: '09120000000',
      connectedNumber: '',
      createdAt: 0,
    },
    application: inApplication ? 'Stasis' : up ? 'Playback' : 'AppDial2',
    applicationData: inApplication ? ['clinic', ...args].join(',') : '',
    variables: { ...variables },
  });

  /** The dialplan: into the application as soon as there is one. */
  function knock(channel: Channel): void {
    if (!channels.has(channel.id)) return;
    if (connection !== null) enter(channel);
    else time.after(RETRY_MS, () => knock(channel));
  }

  function destroy(channel: Channel, cause: number): void {
    if (!channels.delete(channel.id)) return;
    const citizen = channels.get(channel.originator ?? '');
    if (citizen !== undefined && citizen.bridge !== null && cause === NORMAL) citizen.served = true;
    leaveBridge(channel);
    if (citizen !== undefined) citizen.freeSince = time.now();
    const { id: channelId, inApplication, watched, kind } = channel;
    if (inApplication) tell({ type: 'channel-left', channelId, ...at() });
    if (kind === 'expert' || watched) tell({ type: 'channel-destroyed', channelId, cause, ...at() });
    witness.gone(channelId, channel.variables['CLINIC_CALL_ID'] ?? '');
    deps.people().over(channelId);
  }

  function leaveBridge(channel: Channel): void {
    const { bridge } = channel;
    if (bridge === null) return;
    Object.assign(channel, { bridge: null, freeSince: time.now() });
    bridges.get(bridge)?.delete(channel.id);
    witness.parted(bridge);
    for (const id of [channel.id, ...(bridges.get(bridge) ?? [])]) {
      const one = channels.get(id);
      if (one !== undefined) note(one);
    }
  }

  function joinBridge(bridgeId: string, channel: Channel): void {
    const members = bridges.get(bridgeId)!;
    if (members.has(channel.id)) return;
    leaveBridge(channel);
    channel.bridge = bridgeId;
    members.add(channel.id);
    const all = [...members].map((id) => channels.get(id)!);
    witness.together(
      bridgeId,
      all.map(({ id, kind }) => ({ id, kind })),
    );
    all.forEach(note);
    const citizen = all.find(({ kind }) => kind === 'citizen');
    const leg = all.find(({ kind }) => kind === 'expert');
    if (citizen !== undefined && leg !== undefined)
      deps.people().joined(citizen.id, leg.id, expertOf(leg.name));
  }

  function begin(channel: Channel): void {
    const [words] = channel.words;
    note(channel);
    if (words === undefined) return;
    deps.people().hears(channel.id, words.sounds);
    time.after(chance.whole(400, 3000), () => endWords(channel, words.id));
  }

  function endWords(channel: Channel, playbackId: string): void {
    const index = channel.words.findIndex(({ id }) => id === playbackId);
    if (index < 0 || !channels.has(channel.id)) return;
    channel.words.splice(index, 1);
    tell({ type: 'playback-finished', playbackId, failed: false, ...at() });
    if (index === 0) begin(channel);
    note(channel);
  }

  /** The leg answers: into the application, or cut off where there is none. */
  function answered(channel: Channel): void {
    if (!channels.has(channel.id) || channel.up) return;
    channel.up = true;
    if (connection === null) destroy(channel, NORMAL);
    else enter(channel);
  }

  function place(request: Parameters<Telephony['originate']>[0]): 'done' | 'unreachable' | 'gone' {
    const { channelId, endpoint, args, timeoutSeconds, originatorId, variables = {} } = request;
    if (originatorId !== undefined && !channels.has(originatorId)) return 'gone';
    if (channels.has(channelId)) throw fault('exists', `${channelId} is there already`);
    const expertId = endpoint.slice('PJSIP/'.length);
    const channel: Channel = {
      ...{ id: channelId, name: `${endpoint}-${(++serial).toString(16).padStart(8, '0')}`, kind: 'expert' },
      ...{ up: false, inApplication: false, watched: true, args, variables, bridge: null, music: false },
      ...{ originator: originatorId ?? null, freeSince: 0, served: false, words: [] },
    };
    const busy = [...channels.values()].some(({ name }) => expertOf(name) === expertId);
    const state = deps.people().rings(expertId, {
      answer: () => answered(channel),
      refuse: (cause) => destroy(channel, cause),
    });
    if (state === 'unreachable') return 'unreachable';
    channels.set(channelId, channel);
    witness.rung(channelId, originatorId ?? '', places());
    // The telephone has one line.
    if (busy) time.after(chance.whole(1, 20), () => destroy(channel, BUSY));
    else time.after(timeoutSeconds * 1000, () => (channel.up ? undefined : destroy(channel, NO_ANSWER)));
    return 'done';
  }

  function places(): Place[] {
    const served = new Set([...channels.values()].map(({ originator }) => originator));
    return [...channels.values()].flatMap(
      ({ id, kind, bridge, inApplication, freeSince, served: over, variables }) => {
        const { CLINIC_SPECIALTY: specialty, CLINIC_QUEUED_AT: queuedAt } = variables;
        if (kind === 'expert' || !inApplication || bridge !== null || over) return [];
        if (specialty === undefined || queuedAt === undefined) return [];
        return [{ id, specialty, queuedAt: Number(queuedAt), freeSince, served: served.has(id) }];
      },
    );
  }

  const wordsOn = (playbackId: string) =>
    [...channels.values()].find(({ words }) => words.some(({ id }) => id === playbackId));

  /** Asterisk answers 404 for what is no more. */
  function on<T>(channelId: string, act: (channel: Channel) => T): T | 'gone' {
    const channel = channels.get(channelId);
    return channel === undefined ? 'gone' : act(channel);
  }
  const done = (channelId: string, act: (channel: Channel) => void) =>
    on(channelId, (channel) => {
      act(channel);
      return 'done' as const;
    });

  function telephony(instance: Instance, ask: Ask): Telephony {
    const links = new Set<(state: 'ready' | 'down') => void>();
    instance.onLink = (state) => links.forEach((listener) => listener(state));
    const hearers = new Set<(event: TelephonyEvent) => void>();
    instance.hear = (event) => hearers.forEach((hear) => hear(event));
    const listen = <T>(set: Set<T>, one: T) => {
      set.add(one);
      return () => void set.delete(one);
    };
    const unused = (name: string) => () => Promise.reject(new Error(`Nobody asks for ${name} here`));
    return {
      link: () => (instance.linked ? 'ready' : 'down'),
      onLink: (listener) => listen(links, listener),
      onEvent: (listener) => listen(hearers, listener),
      onReplaced: () => () => undefined,
      answer: (id) => ask('answer', () => done(id, () => undefined)),
      hangup: (id) => ask('hangup', () => done(id, (channel) => destroy(channel, NORMAL))),
      play: (id, playbackId, sounds) =>
        ask('play', () =>
          done(id, (channel) => {
            channel.words.push({ id: playbackId, sounds });
            if (channel.words.length === 1) begin(channel);
          }),
        ),
      stopPlayback: (playbackId) =>
        ask('stopPlayback', () => {
          const channel = wordsOn(playbackId);
          if (channel === undefined) return 'gone';
          endWords(channel, playbackId);
          return 'done';
        }),
      isPlaying: (playbackId) => ask('isPlaying', () => wordsOn(playbackId) !== undefined),
      startMusic: (id) => ask('startMusic', () => done(id, (channel) => setMusic(channel, true))),
      stopMusic: (id) => ask('stopMusic', () => done(id, (channel) => setMusic(channel, false))),
      setVariables: (id, variables) =>
        ask('setVariables', () => done(id, (channel) => void Object.assign(channel.variables, variables))),
      getVariable: (id, name) => ask('getVariable', () => channels.get(id)?.variables[name] ?? null),
      watchChannel: (id) => ask('watchChannel', () => done(id, (channel) => void (channel.watched = true))),
      continueInDialplan: (id) => ask('continueInDialplan', () => done(id, leaveAMessage)),
      takeOver: (id, args) =>
        ask('takeOver', () =>
          done(id, (channel) => {
            channel.args = args;
            channel.music = false;
            enter(channel);
          }),
        ),
      originate: (request) => ask('originate', () => place(request)),
      createBridge: (id) => ask('createBridge', () => void (bridges.has(id) || bridges.set(id, new Set()))),
      addToBridge: (id, channelId) =>
        ask('addToBridge', () => {
          const channel = channels.get(channelId);
          if (channel === undefined) return 'gone';
          if (!bridges.has(id)) throw fault('not-found', `There is no bridge ${id}`);
          if (!channel.inApplication) throw fault('refused', `${channelId} is not in the application`);
          joinBridge(id, channel);
          return 'done';
        }),
      removeFromBridge: (id, channelId) =>
        ask('removeFromBridge', () => {
          const channel = channels.get(channelId);
          if (channel?.bridge !== id) return 'gone';
          leaveBridge(channel);
          return 'done';
        }),
      destroyBridge: (id) =>
        ask('destroyBridge', () => {
          const members = bridges.get(id);
          if (members === undefined) return 'gone';
          for (const member of [...members]) leaveBridge(channels.get(member)!);
          bridges.delete(id);
          return 'done';
        }),
      channels: () => ask('channels', () => [...channels.values()].map(snapshotOf)),
      bridges: () =>
        ask('bridges', () => [...bridges].map(([id, members]) => ({ id, channelIds: [...members] }))),
      onlineEndpoints: unused('onlineEndpoints'),
      putSoftphone: unused('putSoftphone'),
      removeSoftphone: unused('removeSoftphone'),
      blockSources: unused('blockSources'),
      runDialplan: () => ask('runDialplan', () => undefined),
      storedRecording: unused('storedRecording'),
      deleteStoredRecording: unused('deleteStoredRecording'),
      asteriskInfo: () => ask('asteriskInfo', () => ({ systemName: 'clinic', startedAt: 0, version: '22' })),
      mayFinish: () => undefined,
      stopHearing: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  function setMusic(channel: Channel, on: boolean): void {
    channel.music = on;
    note(channel);
  }

  /** The message service of the dialplan: it writes by itself how such a call ends. */
  function leaveAMessage(channel: Channel): void {
    channel.inApplication = false;
    tell({ type: 'channel-left', channelId: channel.id, ...at() });
    witness.kept(channel.id);
    note(channel);
    time.after(3000, () => destroy(channel, NORMAL));
  }

  return {
    telephony,
    connect: (instance, hear) => {
      connection = { instance, hear };
    },
    disconnect: (instance) => {
      if (connection?.instance === instance) connection = null;
    },
    citizenCalls: () => {
      serial += 1;
      const id = `clinic-${Math.floor(time.now() / 1000)}.${serial}`;
      const channel: Channel = {
        ...{ id, name: `PJSIP/trunk-137-${serial.toString(16).padStart(8, '0')}`, kind: 'citizen' },
        ...{ up: true, inApplication: false, watched: false, bridge: null, music: false, words: [] },
        args: ['citizen', 'menu', String(Math.floor(time.now() / 1000))],
        ...{ originator: null, freeSince: time.now(), served: false },
        variables: { CLINIC_CALLER: '09120000000' },
      };
      channels.set(id, channel);
      witness.called(id);
      knock(channel);
      return id;
    },
    press: (channelId, digit) => {
      if (channels.get(channelId)?.inApplication === true) tell({ type: 'digit', channelId, digit, ...at() });
    },
    hangUp: (channelId, cause) => void done(channelId, (channel) => destroy(channel, cause)),
    places,
    alive: (channelId) => channels.has(channelId),
    standing: () => [...channels.keys(), ...bridges.keys()],
  };
}

/** `PJSIP/e001-00000012` */
const expertOf = (name: string): string => name.replace(/^PJSIP\//, '').replace(/-[^-]*$/, '');
