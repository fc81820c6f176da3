import { Readable } from 'node:stream';
import type { Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { messagePath } from '../recordings/names.ts';
import { joinedWav, secondsOfWav } from '../recordings/wav.ts';
import type { Kept, Vault } from '../recordings/vault.ts';
import { fault } from '../platform/fault.ts';
import { OWNER_STALE } from '../platform/fence.ts';
import { readCaller } from './caller.ts';
import { callIdOf, isOfEarlierStart } from './identity.ts';
import type { Ending, Ledger, LedgerFact } from './ledger.ts';

/** Calls the dialplan kept while no application was there, handed over one by one and acknowledged each. */
export interface Handover {
  /** Starts the dialplan's hand-over; harmless when there is nothing or one is running. */
  start(): Promise<void>;
  /** A `missed` channel entered; args as the dialplan sent them, the word `missed` first. */
  take(channelId: string, args: readonly string[]): Promise<void>;
}

export interface HandoverDeps {
  telephony: Telephony;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  areaCode: string;
  asteriskId: () => string;
  /** When this Asterisk was started, by its own clock; milliseconds since the epoch. */
  startedAt: () => number;
  vault: Pick<Vault, 'keep'>;
  /** Whether the call was ours after all and its end is written. */
  hasEnded: (callId: string) => Promise<boolean>;
}

interface Missed {
  channelId: string;
  enteredAt: number;
  caller: string;
  withheld: boolean;
  sipCallId: string | null;
  keyedNumber: string | null;
  /** One for each message, in the order in which they were spoken. */
  recordings: string[];
  endedAt: number;
  /** Nobody hung up: the channel went with the Asterisk it was on. */
  cutOff: boolean;
}

/** Above every number a live call reaches. */
const KEPT_SEQ = 1_000_000_000;
/**
 * Each kind has its number, however much of a call is handed over: the same call twice gives the same entries. It may have
 * been with us before the exchange kept its message: `call.entered` is then already there.
 */
const seqOf = (kind: LedgerFact['kind']): number =>
  kind === 'call.entered' ? 1 : KEPT_SEQ + ['number.kept', 'message.kept', 'call.ended'].indexOf(kind) + 1;
const HANDOVER = { context: 'clinic-handover', extension: 'import' };

export function createHandover(deps: HandoverDeps): Handover {
  const { telephony, ledger, log } = deps;

  async function keep(missed: Missed): Promise<void> {
    const message = await fetchMessage(missed, deps);
    const id = callIdOf(deps.asteriskId(), missed.channelId);
    const at = new Date(deps.clock.now()).toISOString();
    const facts = factsOf(missed, message, deps);
    // Hung up in the moment before the channel told that we have it, or come back to us after a message: the end is written.
    if (await deps.hasEnded(id)) facts.pop();
    // Who stood still while another took over does not know what became of the call; the other has it handed over as well.
    if (!(await telephony.trust())) throw fault(OWNER_STALE, `${id} is for another process to take over`);
    for (const fact of facts)
      await ledger.append({ ...fact, callId: id, seq: seqOf(fact.kind), at, actor: 'system' });
    log.info(
      { callId: id, withMessage: message !== null, withNumber: missed.keyedNumber !== null },
      'missed.imported',
    );
  }

  return {
    start: () => telephony.runDialplan(HANDOVER.context, HANDOVER.extension),
    take: async (channelId, args) => {
      const missed = readMissed(args, deps.startedAt());
      if (missed === null) log.error({ args: args.length }, 'missed.unreadable');
      else {
        await keep(missed);
        // Before the row: handed over once more without its sound it adds nothing to what is written, and after the row nobody
        // would know of the sound any more.
        for (const take of missed.recordings.flatMap(takesOf)) await telephony.deleteStoredRecording(take);
        // Only now may the dialplan forget it; until then a fault means it is handed over again.
        await telephony.setVariables(channelId, { CLINIC_IMPORTED: '1' });
      }
      await telephony.continueInDialplan(channelId);
    },
  };
}

/** Asterisk's unique id, `[system-]<epoch seconds>.<serial>`; it also becomes a file's name. */
const CHANNEL_ID = /^([A-Za-z0-9_.]+-)*[0-9]+\.[0-9]+$/;

/** The dialplan's arguments; null when they are not what was agreed. */
function readMissed(args: readonly string[], startedAt: number): Missed | null {
  const [
    ,
    channelId = '',
    at = '',
    caller = '',
    withheld = '',
    sipCallId = '',
    keyed = '',
    recording = '',
    ,
    ended = '',
    status = '',
  ] = args;
  if (!CHANNEL_ID.test(channelId) || !/^[0-9]{9,11}$/.test(at)) return null;
  return {
    channelId,
    enteredAt: Number(at) * 1000,
    caller,
    withheld: withheld === '1',
    sipCallId: sipCallId === '' ? null : sipCallId,
    keyedNumber: keyed === '' ? null : keyed,
    recordings: recording.split('&').filter((name) => name !== ''),
    // A row left open by a call that Asterisk's own end cut off tells when it was last written.
    endedAt: Math.max(Number(at), /^[0-9]{9,11}$/.test(ended) ? Number(ended) : 0) * 1000,
    cutOff: status === 'open' && isOfEarlierStart(channelId, startedAt),
  };
}

/** The dialplan lets a message be spoken three times, and names the takes one after another. */
function takesOf(recording: string): string[] {
  const [first = recording] = recording.split('~');
  return [first, `${first}~2`, `${first}~3`];
}

type Message = Kept & { seconds: number };

/** All that was spoken in the call. */
async function fetchMessage(missed: Missed, { telephony, vault }: HandoverDeps): Promise<Message | null> {
  const sounds: Uint8Array[] = [];
  for (const recording of missed.recordings) {
    const sound = await telephony.storedRecording(recording);
    if (sound !== null && sound.byteLength > 0) sounds.push(sound);
  }
  if (sounds.length === 0) return null;
  const whole = joinedWav(sounds);
  const kept = await vault.keep(messagePath(missed.channelId, missed.enteredAt), Readable.from([whole]));
  return { ...kept, seconds: secondsOfWav(whole.byteLength) };
}

function factsOf(missed: Missed, message: Message | null, deps: HandoverDeps): LedgerFact[] {
  const enteredAt = new Date(missed.enteredAt).toISOString();
  const { number, reason } = readCaller(missed.caller, missed.withheld, deps.areaCode);
  const facts: LedgerFact[] = [
    {
      kind: 'call.entered',
      data: {
        direction: 'inbound',
        asteriskId: deps.asteriskId(),
        channelId: missed.channelId,
        sipCallId: missed.sipCallId,
        entry: 'fallback',
        callerReceived: missed.caller,
        caller: number,
        callerReason: reason,
        enteredAt,
      },
    },
  ];
  const { keyedNumber, cutOff } = missed;
  const ending = endingOf(message, keyedNumber, cutOff);
  if (keyedNumber !== null) facts.push({ kind: 'number.kept', data: { number: keyedNumber } });
  if (message !== null) {
    const { path: recording, ...sums } = message;
    facts.push({ kind: 'message.kept', data: { recording, ...sums } });
  }
  facts.push({
    kind: 'call.ended',
    data: {
      ending,
      endedAt: new Date(missed.endedAt).toISOString(),
      state: 'greeting',
      cause: null,
      note: ending === 'failed' ? 'exchange-lost' : 'kept-by-the-exchange',
    },
  });
  return facts;
}

/** A message or a number left is something to come back to; a caller who left neither gave up, or was cut off. */
function endingOf(message: Message | null, keyedNumber: string | null, cutOff: boolean): Ending {
  if (message !== null) return 'voicemail';
  if (keyedNumber !== null) return 'callback';
  return cutOff ? 'failed' : 'abandoned';
}
