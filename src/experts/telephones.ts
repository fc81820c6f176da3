import type { SipAccount, Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import type { Routing } from '../routing/routing.ts';
import { isExpertId } from './rules.ts';
import { createMarks, createSerial } from './serial.ts';
import type { RosterEntry } from './store.ts';

/** Experts' telephones: their accounts into the exchange, and whether they can be reached into routing. */
export interface Telephones {
  handle(event: TelephonyEvent): void;
  /** Gives the exchange the accounts it may lack: all of them once after each start of either side. */
  push(roster: readonly RosterEntry[]): Promise<void>;
  put(account: SipAccount): Promise<void>;
  /** Brings routing's view of who can be reached to the exchange's. Returns how many were wrong. */
  compare(expertIds: readonly string[]): Promise<number>;
  settle(): Promise<void>;
}

export interface TelephonesDeps {
  telephony: Telephony;
  routing: Routing;
  log: Log;
  /** See DeskDeps. */
  takenUp?: (() => Promise<void>) | undefined;
}

/** Much more than a request for a new password takes, from the exchange's yes to the commit. */
const COMMITTED_WITHIN_MS = 10_000;

export function createTelephones({ telephony, routing, log, takenUp }: TelephonesDeps): Telephones {
  const inTurn = createSerial();
  const news = createMarks();
  /** What this start of the exchange was given by this process: user name → ha1; null: removed. */
  const given = new Map<string, string | null>();
  /** User name → when it last got a new password, by the monotonic clock, in milliseconds. */
  const renewedAt = new Map<string, number>();
  const turns = new Map<string, ReturnType<typeof createSerial>>();
  let givenTo = 0;

  function told(expertId: string, reachable: boolean): void {
    if (!isExpertId(expertId)) return;
    news.mark(expertId);
    const tell = async (): Promise<void> => {
      await takenUp?.();
      await routing.setReachable(expertId, reachable);
    };
    inTurn(tell).catch((error: unknown) => {
      log.warn({ err: error, expertId, reachable }, 'reachability.untold');
    });
  }

  /** An account is made of three objects, written one after another: two writers of one account take turns. */
  function inTurnOf(username: string, task: () => Promise<void>): Promise<void> {
    const turn = turns.get(username) ?? createSerial();
    turns.set(username, turn);
    return turn(task);
  }

  async function write(account: SipAccount): Promise<void> {
    // Half written it is neither the old nor the new one.
    given.delete(account.username);
    await telephony.putSoftphone(account);
    given.set(account.username, account.ha1);
  }

  async function remove(username: string): Promise<void> {
    given.delete(username);
    await telephony.removeSoftphone(username);
    given.set(username, null);
  }

  /** A roster may have been read before the newest password was committed: it waits for the next reading. */
  const isNewer = (username: string): boolean =>
    typeof given.get(username) === 'string' &&
    performance.now() - (renewedAt.get(username) ?? -Infinity) < COMMITTED_WITHIN_MS;

  async function bringUpToDate({ active, softphone }: RosterEntry): Promise<void> {
    if (softphone === null || (active && isNewer(softphone.username))) return;
    if (given.get(softphone.username) !== (active ? softphone.ha1 : null)) await bring(softphone, active);
  }

  /** One account the exchange refuses keeps no other from it; an exchange that is away ends the round. */
  async function bring(account: SipAccount, active: boolean): Promise<void> {
    try {
      await (active ? write(account) : remove(account.username));
    } catch (error) {
      if (telephony.link() !== 'ready') throw error;
      log.error({ err: error, username: account.username }, 'softphone.unpushed');
    }
  }

  return {
    handle(event) {
      if (event.type === 'contact') told(event.endpoint, event.reachable);
      else if (event.type === 'endpoint-state') told(event.endpoint, event.online);
    },
    async push(roster) {
      const { startedAt } = await telephony.asteriskInfo();
      if (startedAt !== givenTo) given.clear();
      givenTo = startedAt;
      for (const entry of roster)
        await inTurnOf(entry.softphone?.username ?? entry.id, () => bringUpToDate(entry));
    },
    put: (account) => {
      renewedAt.set(account.username, performance.now());
      return inTurnOf(account.username, () => write(account));
    },
    async compare(expertIds) {
      const taken = news.now();
      const online = new Set(await telephony.onlineEndpoints());
      const statuses = new Map((await routing.experts()).map((status) => [status.expertId, status]));
      const wrong = expertIds.filter(
        (id) => statuses.has(id) && statuses.get(id)?.reachable !== online.has(id),
      );
      const still = wrong.filter((id) => !news.newsSince(id, taken));
      for (const id of still) {
        await inTurn(() => routing.setReachable(id, online.has(id)));
      }
      return still.length;
    },
    settle: () => inTurn(() => Promise.resolve()),
  };
}
