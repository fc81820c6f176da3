import { systemClock, type Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { runAmi, type AmiActions, type AmiSettings } from './ami-session.ts';
import { forever, type Attempt } from './deadlines.ts';
import { AsteriskFault, brief, reached } from './faults.ts';
import { text } from './events.ts';
import { createListeners } from './listeners.ts';
import { readQuality, type Quality } from './quality.ts';
import { readSender, type Sender } from './senders.ts';
import type { LinkState, Reached } from './telephony.ts';
import { safeText } from './values.ts';

/** What only the manager interface tells or does; everything else is Telephony's. */
export interface Manager {
  link: () => LinkState;
  /**
   * Asterisk is up and takes calls: told once for every connection, so also after Asterisk's restart. Whether it was a
   * restart tells `asteriskInfo().startedAt`. Returns the unsubscriber.
   */
  onBooted: (listener: () => void) => () => void;
  /** Every RTCP report about a call. Returns the unsubscriber. */
  onQuality: (listener: (quality: Quality) => void) => () => void;
  /** Every SIP request that was challenged or signed in. Returns the unsubscriber. */
  onSender: (listener: (sender: Sender) => void) => () => void;
  /**
   * Sends a channel to a place in the dialplan, also when our application is dead. channelName: `PJSIP/trunk-00000001`.
   * @throws AsteriskFault `link-down`, `ami-timeout`, `ami-refused`, `value-refused`.
   */
  redirect: (channelName: string, context: string, extension: string, priority: number) => Promise<Reached>;
  /** Every channel there is. @throws as `redirect` does. */
  channels: () => Promise<ManagerChannel[]>;
  /** A variable of the whole dialplan; '' where it was never set. @throws as `redirect` does. */
  readGlobal: (name: string) => Promise<string>;
  setGlobal: (name: string, value: string) => Promise<void>;
  close: () => Promise<void>;
}

export interface ManagerChannel {
  /** `PJSIP/trunk-00000001` */
  name: string;
  /** Where the dialplan is with it, `Stasis` for one in an application's hands; its arguments as one text. */
  application: string;
  applicationData: string;
  /** null: in none. */
  bridgeId: string | null;
}

export interface ManagerSettings {
  host: string;
  port: number;
  username: string;
  password: string;
  log: Log;
  clock?: Clock;
  timeoutMs?: number;
  pingEveryMs?: number;
}

/** Connects in the background and comes back for ever. @throws AsteriskFault `value-refused` for a name or password with a line break. */
export function createManager(settings: ManagerSettings): Manager {
  const { log, host, port } = settings;
  const session: AmiSettings = { clock: systemClock, timeoutMs: 2000, pingEveryMs: 5000, ...settings };
  safeText('the name of the account', session.username);
  safeText('the password', session.password);
  const booted = createListeners<void>(log);
  const quality = createListeners<Quality>(log);
  const senders = createListeners<Sender>(log);
  const ended = new AbortController();
  let actions: AmiActions | null = null;

  async function connection(): Promise<Attempt> {
    const over = new AbortController();
    let worked = false;
    const end = (): void => over.abort(ended.signal.reason);
    ended.signal.addEventListener('abort', end);
    // Asterisk says so in the same breath as it lets us in, a moment before the library tells us that we are in.
    let bootedEarly = false;
    const onReady = (ready: AmiActions): void => {
      worked = true;
      actions = ready;
      log.info({ host, port }, 'manager.ready');
      if (bootedEarly) booted.tell();
    };
    const onEvent = (event: Readonly<Record<string, unknown>>): void => {
      if (event.event === 'FullyBooted') {
        if (actions === null) bootedEarly = true;
        else booted.tell();
        return;
      }
      const report = readQuality(event);
      if (report !== null) return quality.tell(report);
      const sender = readSender(event);
      if (sender !== null) senders.tell(sender);
    };
    const reason = await runAmi(session, { over, onReady, onEvent });
    actions = null;
    ended.signal.removeEventListener('abort', end);
    return { reason, worked };
  }

  const running = forever(ended.signal, connection, (reason, failures) => {
    log[failures === 0 ? 'warn' : 'debug']({ fault: brief(reason), failures }, 'manager.lost');
    return 'again';
  });

  function ready(doing: string): AmiActions {
    if (actions === null) throw new AsteriskFault('link-down', `${doing}: there is no manager connection`);
    return actions;
  }

  return {
    link: () => (actions === null ? 'down' : 'ready'),
    onBooted: booted.add,
    onQuality: quality.add,
    onSender: senders.add,
    redirect: async (channelName, context, extension, priority) => {
      const to = { Channel: channelName, Context: context, Exten: extension, Priority: String(priority) };
      return reached(ready('Redirect').act('Redirect', to));
    },
    channels: async () =>
      (await ready('CoreShowChannels').list('CoreShowChannels', 'CoreShowChannelsComplete')).map((raw) => ({
        name: text(raw.channel),
        application: text(raw.application),
        applicationData: text(raw.applicationdata),
        bridgeId: text(raw.bridgeid) === '' ? null : text(raw.bridgeid),
      })),
    readGlobal: async (name) => text((await ready('Getvar').act('Getvar', { Variable: name })).value),
    setGlobal: async (name, value) => {
      await ready('Setvar').act('Setvar', { Variable: name, Value: value });
    },
    close: async () => {
      ended.abort(new AsteriskFault('link-down', 'the manager was closed'));
      await running;
    },
  };
}
