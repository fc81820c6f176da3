import type { ManagerChannel } from '../../../src/asterisk/manager.ts';
import type { Telephony, TelephonyEvent } from '../../../src/asterisk/telephony.ts';
import { isCallbackChannel } from '../../../src/calls/identity.ts';
import { fault } from '../../../src/platform/fault.ts';
import type { Place as WatchdogPlace } from '../../../src/roles/watchdog-rules.ts';
import type { Chance } from '../random.ts';
import type { Ask, Instance } from './instance.ts';
import type { VirtualTime } from './time.ts';
import { startWatchdog } from './watchdog.ts';
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
  /** A citizen has come through the menu of the municipality. caller: '' withheld. @returns the channel */
  citizenCalls(caller?: string): string;
  press(channelId: string, digit: string): void;
  hangUp(channelId: string, cause: number): void;
  /** Killed and started anew: every channel is gone, and nobody is told. */
  restart(): void;
  /** A telephone answers nothing any more, or is back. */
  telephone(expertId: string, online: boolean): void;
  /** No voice comes from this leg any more, and nothing else says so before the exchange's own time-out. */
  fallsSilent(channelId: string): void;
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
  /** Of the dialplan. */
  context: string;
  /** Has hung up; what is left to do at the end is being done. */
  ending: boolean;
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
  /** Has heard that we call back, and stands in no queue. */
  promised: boolean;
  /** When the talk last broke off by a fault. */
  brokenAt: number;
  /** Between these a telephone sends its voice. */
  upAt: number;
  silentAt: number;
  /** What the message service was to take; null: it was not reached. */
  wish: string | null;
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
  /** A citizen is called. Calls `answer` or `refuse`, or neither. */
  called(number: string, leg: { answer: () => void; refuse: (cause: number) => void }): void;
  /** Citizen and expert hear each other. */
  joined(citizen: string, leg: string, expertId: string): void;
  /**
   * What a citizen has left with the message service, of which the exchange tells the application afterwards. Without it
   * nothing is told: the exchange's own record stands for it.
   */
  leavesBehind?(channelId: string, wish: string): { keyed: string; seconds: number };
  /** A leg is no more. */
  over(channelId: string): void;
}

const RETRY_MS = 500;
const NORMAL = 16;
const NO_ANSWER = 19;
const BUSY = 17;
const NO_VOICE = 44;
const NO_VOICE_MS = 30_000;
const PACKET_MS = 20;
/** What the dialplan says or asks, roughly. */
const SPEAKS_MS = 3000;
/** A busy exchange takes so long over the end of a call. */
const DIES_MS = 80;
/** Of a message: what it holds is judged elsewhere. */
const SOUND_BYTES = 44 + 16_000;
const NEW = {
  context: 'clinic',
  ending: false,
  wish: null,
  freeSince: 0,
  served: false,
  promised: false,
  brokenAt: -Infinity,
  upAt: 0,
  silentAt: Infinity,
};

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
  let startedAt = 0;

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

  const snapshotOf = ({ id, name, up, inApplication, args, context, variables }: Channel) => ({
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
    context,
    variables: { ...variables },
  });

  /** The dialplan: into the application as soon as there is one. */
  function knock(channel: Channel): void {
    if (!channels.has(channel.id) || channel.ending) return;
    if (connection !== null) enter(channel);
    else time.after(RETRY_MS, () => knock(channel));
  }

  /** asked: by the application, as it does with a leg that is dead. */
  function destroy(channel: Channel, cause: number, asked = false): void {
    if (!channels.has(channel.id)) return;
    if (channel.kind === 'citizen') return die(channel, cause);
    bury(channel, cause, asked);
  }

  function bury(channel: Channel, cause: number, asked: boolean): void {
    if (!channels.has(channel.id)) return;
    const citizen = channels.get(channel.originator ?? '');
    if (citizen !== undefined && citizen.bridge !== null) {
      if (cause === NORMAL && !asked) citizen.served = true;
      else breaksOff(citizen);
    }
    channels.delete(channel.id);
    leaveBridge(channel);
    if (citizen !== undefined) citizen.freeSince = time.now();
    const { id: channelId, inApplication, watched, kind } = channel;
    if (inApplication) tell({ type: 'channel-left', channelId, ...at() });
    if (kind === 'expert' || watched) tell({ type: 'channel-destroyed', channelId, cause, ...at() });
    witness.gone(channelId, channel.variables['CLINIC_CALL_ID'] ?? '');
    if (kind === 'citizen') handOver(channel);
    deps.people().over(channelId);
  }

  /** As the dialplan does with a call that the application does not know, or no longer: by a channel of its own. */
  function handOver(channel: Channel): void {
    const { id, args, variables, wish } = channel;
    if ((variables['CLINIC_CALL_ID'] ?? '') !== '') return;
    const left = deps.people().leavesBehind?.(id, wish ?? '');
    if (left === undefined) return;
    const { CLINIC_CALLER = '' } = variables;
    const recording = left.seconds > 0 ? `clinic-missed/${id}` : '';
    const row = [
      id,
      args[2] ?? '',
      CLINIC_CALLER,
      CLINIC_CALLER === '' ? '1' : '0',
      '',
      left.keyed,
      recording,
    ];
    const told = [...row, String(left.seconds), String(Math.floor(time.now() / 1000)), 'ended'];
    const local = snapshotOf({ ...channel, id: `local-${id}`, args: [] });
    time.after(chance.whole(5, 50), () =>
      tell({ type: 'channel-entered', channel: local, args: ['missed', ...told], ...at() }),
    );
  }

  /** It leaves the application at once, and is there until the dialplan has written down what it has to. */
  function die(channel: Channel, cause: number): void {
    if (channel.ending) return;
    Object.assign(channel, { ending: true, context: 'clinic-kept' });
    if (channel.inApplication) leave(channel);
    time.after(chance.whole(1, DIES_MS), () => bury(channel, cause, false));
  }

  function breaksOff(citizen: Channel): void {
    citizen.brokenAt = time.now();
    const leg = [...channels.values()].find(({ originator, up }) => originator === citizen.id && up);
    if (leg !== undefined && leg.silentAt < time.now()) witness.deadLineEnds(citizen.id, leg.silentAt);
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
    if (!channels.has(channel.id) || channel.up || channel.ending) return;
    Object.assign(channel, { up: true, upAt: time.now() });
    if (connection === null) destroy(channel, NORMAL);
    else enter(channel);
  }

  /** A citizen's telephone. Where nobody is in the application the one who answers is cut off. */
  function dialCitizen(request: Parameters<Telephony['originate']>[0]): 'done' {
    const { channelId, endpoint, args, timeoutSeconds, variables = {} } = request;
    const [number = ''] = endpoint.slice('PJSIP/'.length).split('@');
    const caller = (one: Channel) => one.variables['CLINIC_CALLER'] === variables['CLINIC_CALLER'];
    if ([...channels.values()].some((one) => isCallbackChannel(one.id) && !one.ending && caller(one)))
      witness.saw(`${number} is called twice at once`);
    const name = `PJSIP/out-${(++serial).toString(16).padStart(8, '0')}`;
    const channel: Channel = {
      ...{ id: channelId, name, kind: 'citizen', up: false, inApplication: false, watched: true, args },
      ...{ variables: { ...variables }, bridge: null, music: false, ...NEW, originator: null, words: [] },
    };
    channels.set(channelId, channel);
    witness.called(channelId);
    deps.people().called(number, {
      answer: () => answered(channel),
      refuse: (cause) => destroy(channel, cause),
    });
    time.after(timeoutSeconds * 1000, () => (channel.up ? undefined : destroy(channel, NO_ANSWER)));
    return 'done';
  }

  function place(request: Parameters<Telephony['originate']>[0]): 'done' | 'unreachable' | 'gone' {
    const { channelId, endpoint, args, timeoutSeconds, originatorId, variables = {} } = request;
    if (originatorId !== undefined && !channels.has(originatorId)) return 'gone';
    if (channels.has(channelId)) throw fault('exists', `${channelId} is there already`);
    if (endpoint.includes('@')) return dialCitizen(request);
    const expertId = endpoint.slice('PJSIP/'.length);
    const channel: Channel = {
      ...{ id: channelId, name: `${endpoint}-${(++serial).toString(16).padStart(8, '0')}`, kind: 'expert' },
      ...{ up: false, inApplication: false, watched: true, args, variables, bridge: null, music: false },
      ...{ ...NEW, originator: originatorId ?? null, words: [] },
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
      ({ id, kind, bridge, inApplication, freeSince, served: over, promised, brokenAt, variables }) => {
        const { CLINIC_SPECIALTY: specialty, CLINIC_SCORE: queuedAt } = variables;
        if (kind === 'expert' || !inApplication || bridge !== null || over || promised) return [];
        if (specialty === undefined || queuedAt === undefined) return [];
        return [{ id, specialty, queuedAt: Number(queuedAt), freeSince, served: served.has(id), brokenAt }];
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
      hangup: (id) => ask('hangup', () => done(id, (channel) => destroy(channel, NORMAL, true))),
      play: (id, playbackId, sounds) =>
        ask('play', () =>
          done(id, (channel) => {
            channel.words.push({ id: playbackId, sounds });
            if (sounds.includes('closed/we-call')) channel.promised = true;
            else if (sounds.some((key) => key.startsWith('queue/'))) channel.promised = false;
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
        ask('setVariables', () => done(id, (channel) => setVariables(channel, variables))),
      getVariable: (id, name) => ask('getVariable', () => variableOf(channels.get(id), name)),
      watchChannel: (id) => ask('watchChannel', () => done(id, (channel) => void (channel.watched = true))),
      continueInDialplan: (id, to) =>
        ask('continueInDialplan', () => done(id, (channel) => leaveAMessage(channel, to?.extension ?? ''))),
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
          if (!channel.inApplication) return 'gone';
          joinBridge(id, channel);
          return 'done';
        }),
      removeFromBridge: (id, channelId) =>
        ask('removeFromBridge', () => {
          const channel = channels.get(channelId);
          if (channel?.bridge !== id) return 'gone';
          if (channel.kind === 'citizen' && !channel.served) breaksOff(channel);
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
      storedRecording: () => ask('storedRecording', () => Buffer.alloc(SOUND_BYTES)),
      deleteStoredRecording: () => ask('deleteStoredRecording', () => 'done' as const),
      setGlobal: unused('setGlobal'),
      asteriskInfo: () => ask('asteriskInfo', () => ({ systemName: 'clinic', startedAt, version: '22' })),
      mayFinish: () => undefined,
      trust: () => true,
      stopHearing: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  function setVariables(channel: Channel, variables: Record<string, string>): void {
    // Whom we have called has a place from now on, though an older one.
    const joins = 'CLINIC_SCORE' in variables && !('CLINIC_SCORE' in channel.variables);
    if (joins) channel.freeSince = time.now();
    Object.assign(channel.variables, variables);
  }

  function variableOf(channel: Channel | undefined, name: string): string | null {
    if (channel === undefined) return null;
    if (name === 'CHANNEL(rtp,hold)') return '0';
    const voiceMs = Math.min(time.now(), channel.silentAt) - channel.upAt;
    if (name === 'CHANNEL(rtcp,rxcount)') return String(Math.floor(voiceMs / PACKET_MS));
    return channel.variables[name] ?? null;
  }

  function setMusic(channel: Channel, on: boolean): void {
    channel.music = on;
    note(channel);
  }

  /** The dialplan has the channel, and says something. */
  function leave(channel: Channel): void {
    channel.inApplication = false;
    leaveBridge(channel);
    tell({ type: 'channel-left', channelId: channel.id, ...at() });
    note(channel);
  }

  /** The message service of the dialplan: it writes by itself how such a call ends. */
  function leaveAMessage(channel: Channel, wish: string): void {
    channel.wish = wish;
    leave(channel);
    witness.kept(channel.id);
    time.after(SPEAKS_MS, () => destroy(channel, NORMAL));
  }

  /** What the watchdog makes of channels in nobody's hands. */
  function takeOn(name: string, to: WatchdogPlace): void {
    const channel = [...channels.values()].find((one) => one.name === name);
    if (channel === undefined) return;
    deps.trace(`watchdog ${name} ${to}`);
    channel.context = 'clinic-watchdog';
    leave(channel);
    if (to === 'of-no-use') return destroy(channel, NORMAL);
    // The talk was over; how the call ends is the application's to write.
    if (to === 'left-alone') return void time.after(SPEAKS_MS, () => destroy(channel, NORMAL));
    channel.context = 'clinic';
    channel.variables['CLINIC_CALL_ID'] = '';
    witness.kept(channel.id);
    // Between its questions the message service looks whether there is an application again.
    time.after(SPEAKS_MS, () =>
      connection !== null && !channel.ending ? enter(channel) : destroy(channel, NORMAL),
    );
  }

  const managed = ({ name, inApplication, args, bridge }: Channel): ManagerChannel => ({
    ...{ name, application: inApplication ? 'Stasis' : 'Read', bridgeId: bridge },
    applicationData: inApplication ? ['clinic', ...args].join(',') : '',
  });

  function restart(): void {
    startedAt = time.now();
    for (const channel of [...channels.values()]) {
      channels.delete(channel.id);
      leaveBridge(channel);
      if (!channel.ending) witness.lost(channel.id);
      witness.gone(channel.id, channel.variables['CLINIC_CALL_ID'] ?? '');
      deps.people().over(channel.id);
    }
    bridges.clear();
  }

  startWatchdog({
    time,
    lives: () => connection?.instance.alive === true,
    channels: () => [...channels.values()].map(managed),
    move: takeOn,
  });

  return {
    telephony,
    restart,
    connect: (instance, hear) => {
      connection = { instance, hear };
    },
    disconnect: (instance) => {
      if (connection?.instance === instance) connection = null;
    },
    citizenCalls: (caller = '09120000000') => {
      serial += 1;
      const id = `clinic-${Math.floor(time.now() / 1000)}.${serial}`;
      const channel: Channel = {
        ...{ id, name: `PJSIP/trunk-137-${serial.toString(16).padStart(8, '0')}`, kind: 'citizen' },
        ...{ up: true, inApplication: false, watched: false, bridge: null, music: false, words: [] },
        args: ['citizen', 'menu', String(Math.floor(time.now() / 1000))],
        ...{ ...NEW, originator: null, freeSince: time.now() },
        variables: { CLINIC_CALLER: caller, CLINIC_WITHHELD: caller === '' ? '1' : '0' },
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
    telephone: (endpoint, online) => tell({ type: 'endpoint-state', endpoint, online, ...at() }),
    fallsSilent: (channelId) =>
      void done(channelId, (channel) => {
        channel.silentAt = time.now();
        time.after(NO_VOICE_MS, () => destroy(channel, NO_VOICE));
      }),
    places,
    alive: (channelId) => channels.has(channelId),
    standing: () => [...channels.keys(), ...bridges.keys()],
  };
}

/** `PJSIP/e001-00000012` */
const expertOf = (name: string): string => name.replace(/^PJSIP\//, '').replace(/-[^-]*$/, '');
