/**
 * The telephone exchange as the rooms see it. What Asterisk answers is told in values: a channel that is no longer
 * there is the outcome `gone`, never an exception. Exceptions are faults (time-out, link down, refused) and carry a
 * stable `code`.
 */

/** Whether the thing acted on was still there. `gone` means: the party has hung up. */
export type Reached = 'done' | 'gone';

/** Where an event time is given it is Asterisk's own, in milliseconds since the epoch. */
export type TelephonyEvent =
  | { type: 'channel-entered'; channel: ChannelSnapshot; args: string[]; at: number }
  /** The channel left our application: hung up, or continued in the dialplan. */
  | { type: 'channel-left'; channelId: string; at: number }
  /**
   * cause: Q.850 number (16 = normal clearing, 17 = busy, 19 = no answer). lateMs: how long ago that was, where it was not heard
   * at once.
   */
  | { type: 'channel-destroyed'; channelId: string; cause: number; at: number; lateMs?: number }
  /** byExchange: Asterisk is being stopped and hangs up on everybody; nobody at a telephone has wanted it. */
  | { type: 'hangup-requested'; channelId: string; byExchange: boolean; at: number }
  | { type: 'channel-state'; channelId: string; state: string; at: number }
  | { type: 'digit'; channelId: string; digit: string; at: number }
  | { type: 'playback-finished'; playbackId: string; failed: boolean; at: number }
  /**
   * A telephone registered (`reachable`) or is no longer to be reached. endpoint: `e001`. moved: it was to be reached already,
   * and registered from another address, as after a restart.
   */
  | { type: 'contact'; endpoint: string; reachable: boolean; moved?: true; at: number }
  /** An endpoint's whole state: `online` is false when its last contact is gone. */
  | { type: 'endpoint-state'; endpoint: string; online: boolean; at: number };

/** ready: events proven to arrive. down: no live socket; requests are refused with `link-down`. */
export type LinkState = 'ready' | 'down';

export interface ChannelSnapshot {
  id: string;
  /** `PJSIP/e001-00000012` */
  name: string;
  state: string;
  callerNumber: string;
  connectedNumber: string;
  createdAt: number;
  /** Asterisk application the channel is in and its arguments, e.g. `Stasis` with `clinic,citizen,1378`. */
  application: string;
  applicationData: string;
  /** Of the dialplan, where the channel is or was last. */
  context: string;
  variables: Record<string, string>;
}

export interface BridgeSnapshot {
  id: string;
  channelIds: string[];
}

export interface Originate {
  /** Ours, made before the request: the event may come before the reply. */
  channelId: string;
  /** `PJSIP/e001` */
  endpoint: string;
  /** Arguments with which the new channel enters our application when it answers. */
  args: string[];
  callerId: string;
  timeoutSeconds: number;
  /** The citizen's channel, for the codec and for linking the two in CEL. */
  originatorId?: string;
  variables?: Record<string, string>;
}

/** Credentials of a softphone. ha1 = MD5(username:realm:password): the password itself is kept nowhere. */
export interface SipAccount {
  username: string;
  realm: string;
  ha1: string;
}

export interface Telephony {
  link(): LinkState;
  /** Called with every change of the link. Returns the unsubscriber. */
  onLink(listener: (state: LinkState) => void): () => void;
  /** Every event, in Asterisk's order per channel. Returns the unsubscriber. */
  onEvent(listener: (event: TelephonyEvent) => void): () => void;
  /**
   * Another process took our application's name: this link is down for good, and the process has to end. Told after the
   * last event that was ours, before the link is told as down.
   */
  onReplaced(listener: () => void): () => void;

  /**
   * Whether the calls are still ours. false: another process took the exchange without our consent. A promise of the
   * answer: this process was stopped or blocked for so long that another may have done so, and has to hear from the
   * exchange first. Requests wait for that by themselves.
   */
  trust(): boolean | Promise<boolean>;

  answer(channelId: string): Promise<Reached>;
  hangup(channelId: string, cause?: number): Promise<Reached>;
  /** Plays the sounds in order as one playback. sounds: prompt keys (`menu/choose`) or `tone:` names. */
  play(channelId: string, playbackId: string, sounds: readonly string[]): Promise<Reached>;
  stopPlayback(playbackId: string): Promise<Reached>;
  /** Whether the words still sound, or wait for others to end. */
  isPlaying(playbackId: string): Promise<boolean>;
  startMusic(channelId: string): Promise<Reached>;
  stopMusic(channelId: string): Promise<Reached>;
  /** Variables are told in the channel list and so survive our own death. */
  setVariables(channelId: string, variables: Record<string, string>): Promise<Reached>;
  getVariable(channelId: string, name: string): Promise<string | null>;
  /** Events of this channel until its end, the hang-up cause included. */
  watchChannel(channelId: string): Promise<Reached>;
  /** Hands the channel back to the dialplan. */
  continueInDialplan(
    channelId: string,
    to?: { context: string; extension: string; priority: number },
  ): Promise<Reached>;
  /** Takes over a channel that sits in our application: it enters afresh, its bridge kept. */
  takeOver(channelId: string, args: string[]): Promise<Reached>;

  /** unreachable: no registered contact, or Asterisk could not place the call at all. gone: the originator has hung up. */
  originate(request: Originate): Promise<'done' | 'unreachable' | 'gone'>;
  createBridge(bridgeId: string): Promise<void>;
  addToBridge(bridgeId: string, channelId: string): Promise<Reached>;
  /**
   * Done when the channel is out of it. Before that nothing may be played to the channel: words that come while a bridge
   * that was destroyed lets go of it are lost without a word, and hold the channel for ten minutes (Asterisk 22).
   */
  removeFromBridge(bridgeId: string, channelId: string): Promise<Reached>;
  destroyBridge(bridgeId: string): Promise<Reached>;

  channels(): Promise<ChannelSnapshot[]>;
  bridges(): Promise<BridgeSnapshot[]>;
  /** Names of endpoints with a live contact. */
  onlineEndpoints(): Promise<string[]>;

  /** Creates or replaces endpoint, auth and AOR of an expert's softphone; no reload. */
  putSoftphone(account: SipAccount): Promise<void>;
  removeSoftphone(username: string): Promise<void>;
  /** Refuses every SIP request of these IP addresses and of no others; forgotten when Asterisk restarts. */
  blockSources(addresses: readonly string[]): Promise<void>;

  /** Starts a dialplan extension on a channel of its own, e.g. the hand-over of messages kept while we were away. */
  runDialplan(context: string, extension: string): Promise<void>;
  storedRecording(name: string): Promise<Uint8Array | null>;
  deleteStoredRecording(name: string): Promise<Reached>;

  /** A variable of the whole dialplan, forgotten when Asterisk restarts. */
  setGlobal(name: string, value: string): Promise<void>;
  asteriskInfo(): Promise<{ systemName: string; startedAt: number; version: string }>;
  /**
   * Whether requests go through without a socket. For a process about to hand over: what it has begun it may still finish
   * after its socket went to another process. Until then nothing changes.
   */
  mayFinish: (on: boolean) => void;
  /** Gives up the socket for good: new calls find no application here. What is under way may still be finished. */
  stopHearing(): Promise<void>;
  close(): Promise<void>;
}
