import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { readCaller } from './caller.ts';
import { callIdOf } from './identity.ts';
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
  recordingsDir: string;
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
  recording: string | null;
  seconds: number;
  endedAt: number;
}

/** Above every number a live call reaches. */
const KEPT_SEQ = 1_000_000_000;
const HANDOVER = { context: 'clinic-handover', extension: 'import' };

export function createHandover(deps: HandoverDeps): Handover {
  const { telephony, ledger, log } = deps;

  async function keep(missed: Missed): Promise<void> {
    const message = await fetchMessage(missed, deps);
    const id = callIdOf(deps.asteriskId(), missed.channelId);
    const at = new Date(deps.clock.now()).toISOString();
    const facts = factsOf(missed, message, deps);
    // Hung up in the moment before the channel told that we have it: the exchange keeps what we have written already.
    const leftNothing = message === null && missed.keyedNumber === null;
    if (leftNothing && (await deps.hasEnded(id))) facts.splice(1);
    for (const [index, fact] of facts.entries()) {
      // The call may have been with us before the exchange kept its message: `call.entered` is then already there.
      const seq = fact.kind === 'call.entered' ? 1 : KEPT_SEQ + index;
      await ledger.append({ ...fact, callId: id, seq, at, actor: 'system' });
    }
    log.info(
      { callId: id, withMessage: message !== null, withNumber: missed.keyedNumber !== null },
      'missed.imported',
    );
  }

  return {
    start: () => telephony.runDialplan(HANDOVER.context, HANDOVER.extension),
    take: async (channelId, args) => {
      const missed = readMissed(args);
      if (missed === null) log.error({ args: args.length }, 'missed.unreadable');
      else {
        await keep(missed);
        // Only now may the dialplan forget it; until then a fault means it is handed over again.
        await telephony.setVariables(channelId, { CLINIC_IMPORTED: '1' });
        if (missed.recording !== null) await telephony.deleteStoredRecording(missed.recording);
      }
      await telephony.continueInDialplan(channelId);
    },
  };
}

/** Asterisk's unique id, `[system-]<epoch seconds>.<serial>`; it also becomes a file's name. */
const CHANNEL_ID = /^([A-Za-z0-9_.]+-)*[0-9]+\.[0-9]+$/;

/** The dialplan's arguments; null when they are not what was agreed. */
function readMissed(args: readonly string[]): Missed | null {
  const [
    ,
    channelId = '',
    at = '',
    caller = '',
    withheld = '',
    sipCallId = '',
    keyed = '',
    recording = '',
    seconds = '',
    ended = '',
  ] = args;
  if (!CHANNEL_ID.test(channelId) || !/^[0-9]{9,11}$/.test(at)) return null;
  return {
    channelId,
    enteredAt: Number(at) * 1000,
    caller,
    withheld: withheld === '1',
    sipCallId: sipCallId === '' ? null : sipCallId,
    keyedNumber: keyed === '' ? null : keyed,
    recording: recording === '' ? null : recording,
    seconds: /^[0-9]+$/.test(seconds) ? Number(seconds) : 0,
    // A row left open by a call that Asterisk's own end cut off tells when it was last written.
    endedAt: Math.max(Number(at), /^[0-9]{9,11}$/.test(ended) ? Number(ended) : 0) * 1000,
  };
}

interface Message {
  file: string;
  bytes: number;
  sha256: string;
}

async function fetchMessage(
  missed: Missed,
  { telephony, recordingsDir }: HandoverDeps,
): Promise<Message | null> {
  if (missed.recording === null) return null;
  const sound = await telephony.storedRecording(missed.recording);
  if (sound === null || sound.byteLength === 0) return null;
  const file = `${new Date(missed.enteredAt).toISOString().slice(0, 10)}/${missed.channelId}.wav`;
  const path = join(recordingsDir, file);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  // Written beside and renamed, so that a file under its name is always whole.
  const half = `${path}.${randomUUID()}`;
  await writeFile(half, sound, { mode: 0o600 });
  await rename(half, path);
  return { file, bytes: sound.byteLength, sha256: createHash('sha256').update(sound).digest('hex') };
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
  const { seconds, keyedNumber } = missed;
  if (keyedNumber !== null) facts.push({ kind: 'number.kept', data: { number: keyedNumber } });
  if (message !== null)
    facts.push({
      kind: 'message.kept',
      data: { recording: message.file, seconds, bytes: message.bytes, sha256: message.sha256 },
    });
  facts.push({
    kind: 'call.ended',
    data: {
      ending: endingOf(message, keyedNumber),
      endedAt: new Date(missed.endedAt).toISOString(),
      state: 'greeting',
      cause: null,
      note: 'kept-by-the-exchange',
    },
  });
  return facts;
}

/** A message or a number left is something to come back to; a caller who left neither gave up. */
function endingOf(message: Message | null, keyedNumber: string | null): Ending {
  if (message !== null) return 'voicemail';
  return keyedNumber === null ? 'abandoned' : 'callback';
}
