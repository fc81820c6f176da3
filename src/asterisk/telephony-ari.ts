import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { createApi, type Api } from './api.ts';
import { createBlockedSources } from './blocked-sources.ts';
import { followPhones } from './phones.ts';
import { NEEDED_TYPES, readEvent, text } from './events.ts';
import { AsteriskFault, brief, meansGone, outcomeOf } from './faults.ts';
import { startLink } from './link.ts';
import { createLateness } from './lateness.ts';
import { createListeners } from './listeners.ts';
import { createRequests, isIdleRunner } from './requests.ts';
import { createMoves } from './moves.ts';
import { createSoftphones } from './softphones.ts';
import { createTalkSounds, type TalkSounds } from './talk-sounds.ts';
import type { LinkState, Telephony, TelephonyEvent } from './telephony.ts';
import { createTransport } from './transport.ts';

export interface AriSettings {
  /** Without `/ari`: `http://127.0.0.1:8188`. */
  url: string;
  username: string;
  password: string;
  /** Name of our Stasis application. */
  app: string;
  log: Log;
  clock: Clock;
  /** How long any request may take. */
  requestTimeoutMs?: number;
  /** How long a socket may take to open. */
  openTimeoutMs?: number;
  /** How often the socket is proven, and how long its echo may take. */
  echoEveryMs?: number;
  echoDeadlineMs?: number;
  /** Told of every request that was sent, how it ended (`done`, `gone` or the fault's code) and how long it took. */
  onRequest?: (operation: string, outcome: string, ms: number) => void;
}

/** Counts since the start, for the metrics. */
export interface AriCounts {
  /** Events handed on. */
  told: number;
  /** Events nobody here needs, of types known to us or not. */
  ignored: number;
  /** Frames that were no event at all. */
  malformed: number;
  /** Requests sent, and those that ended in a fault ("no longer there" included). */
  requests: number;
  refused: number;
}

export type AriTelephony = Telephony & { counts(): AriCounts; talkSounds: TalkSounds };

/**
 * Telephony over Asterisk's REST interface. Connects in the background and comes back for ever. Start order as the
 * rooms see it: `onLink('ready')` listeners are called first, in the same turn follow the events that came in while the
 * socket was being proven, then the live ones. Who needs a snapshot before the first event keeps the events until it
 * has it; requests are taken from within `onLink('ready')` on.
 */
export function createTelephony(settings: AriSettings): AriTelephony {
  const { url, username, password, app, log, clock } = settings;
  const origin = new URL(url).origin;
  const access = { origin, username, password };
  const transport = createTransport({ ...access, timeoutMs: settings.requestTimeoutMs ?? 2000, clock });
  const api = createApi({ ...access, transport, log });
  const links = createListeners<LinkState>(log);
  const events = createListeners<TelephonyEvent>(log);
  const replaced = createListeners<void>(log);
  const moves = createMoves(events.tell);
  const counts: AriCounts = { told: 0, ignored: 0, malformed: 0, requests: 0, refused: 0 };
  const phones = followPhones({ call: api.call, app, log });
  const lateness = createLateness(clock);
  let finishing = false;

  const link = startLink({
    ...access,
    apps: [app, phones.app],
    clock,
    log,
    openTimeoutMs: settings.openTimeoutMs ?? 2000,
    echoEveryMs: settings.echoEveryMs ?? 1000,
    echoDeadlineMs: settings.echoDeadlineMs ?? 2000,
    prepare: async () => {
      await api.load();
      await api.call('applications.filter', {
        applicationName: app,
        filter: { allowed: NEEDED_TYPES.map((type) => ({ type })) },
      });
      await phones.followAgain();
    },
    sendEcho: (eventName) => api.call('events.userEvent', { eventName, application: app }),
    onEcho: lateness.heardEcho,
    onState: links.tell,
    yields: () => finishing,
    onRaw: (raw) => {
      const event = raw.application === app ? readEvent(raw, lateness.since) : phones.read(raw);
      if (event === null) {
        counts.ignored++;
        log.trace({ type: text(raw.type) }, 'event.ignored');
      } else if (!isIdleRunner(channelOf(event))) {
        counts.told++;
        const passed = moves.pass(event);
        if (passed !== null) events.tell(passed);
      }
    },
    onReplaced: () => replaced.tell(),
  });

  function refuseWithoutLink(operation: string): void {
    if (link.state() !== 'ready' && !finishing)
      throw new AsteriskFault('link-down', `${operation}: there is no link to Asterisk`);
  }
  const call: Api['call'] = async (operation, args) => {
    const ours = link.trust();
    if (ours !== true) await ours;
    refuseWithoutLink(operation);
    counts.requests++;
    const began = clock.monotonic();
    const told = (outcome: string) => settings.onRequest?.(operation, outcome, clock.monotonic() - began);
    try {
      const answer = await api.call(operation, args);
      told('done');
      return answer;
    } catch (error) {
      counts.refused++;
      told(outcomeOf(error));
      if (!meansGone(error)) log.debug({ operation, fault: brief(error) }, 'request.failed');
      throw error;
    }
  };
  const requests = createRequests(call, app);
  const softphones = createSoftphones(call);
  const talkSounds = createTalkSounds(call, app, async (path) => {
    const ours = link.trust();
    if (ours !== true) await ours;
    refuseWithoutLink('recordings.getStoredFile');
    return transport.stream(path);
  });

  return {
    ...requests,
    talkSounds,
    takeOver: (channelId, args) => moves.during(channelId, () => requests.takeOver(channelId, args)),
    link: link.state,
    trust: () => finishing || link.trust(),
    onLink: links.add,
    onEvent: events.add,
    onReplaced: replaced.add,
    putSoftphone: async (account) => {
      await softphones.put(account);
      await phones.follow(account.username);
    },
    removeSoftphone: async (username) => {
      await softphones.remove(username);
      phones.forget(username);
    },
    blockSources: createBlockedSources(call),
    counts: () => ({ ...counts, malformed: link.malformed() }),
    mayFinish: (on) => {
      finishing = on;
    },
    stopHearing: async () => {
      // What another process took without our consent is not ours to finish.
      if (link.trust() !== false) finishing = true;
      await link.close();
    },
    close: async () => {
      await link.close();
      moves.close();
      api.close();
      transport.close();
    },
  };
}

function channelOf(event: TelephonyEvent): string {
  if (event.type === 'channel-entered') return event.channel.id;
  return 'channelId' in event ? event.channelId : '';
}
