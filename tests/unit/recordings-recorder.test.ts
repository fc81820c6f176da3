import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { TalkSounds } from '../../src/asterisk/talk-sounds.ts';
import type { TelephonyEvent } from '../../src/asterisk/telephony.ts';
import { listenerOf, readTalkName, talkName, talkPath } from '../../src/recordings/names.ts';
import { createRecorder } from '../../src/recordings/recorder.ts';
import { wholeWav } from '../../src/recordings/wav.ts';
import { scriptedTelephony } from '../support/telephony.ts';
import { recordingLog } from '../support/silent-log.ts';

const TALK = { callId: '01890000-0000-7000-8000-000000000001', offerId: 'a1b2-1' };
const NAME = talkName(TALK);
const LISTENER = listenerOf(TALK);

const snapshot = (id: string, args: string) => ({
  ...{ id, name: `Snoop/${id}`, state: 'Up', callerNumber: '', connectedNumber: '', createdAt: 0 },
  ...{ application: 'Stasis', applicationData: `clinic,${args}`, context: '', variables: {} },
});
const entered = (id: string, ...args: string[]): TelephonyEvent => ({
  ...{ type: 'channel-entered', channel: snapshot(id, args.join()), args, at: 0 },
});

function scene(fails = false, live = false) {
  const script = scriptedTelephony();
  const did: string[] = [];
  const act = (deed: string) => {
    did.push(deed);
    return fails ? Promise.reject(new Error('refused')) : Promise.resolve('done' as const);
  };
  const sounds = {
    listen: (channelId: string, listenerId: string) => act(`listen ${channelId} ${listenerId}`),
    record: (listenerId: string, name: string) => act(`record ${listenerId} ${name}`),
    isLive: () => Promise.resolve(live),
  } satisfies Partial<TalkSounds>;
  let finished = 0;
  const { log, lines } = recordingLog();
  const { telephony } = script;
  const recorder = createRecorder({ telephony, sounds, log, onFinished: () => (finished += 1) });
  return { recorder, script, did, lines, finished: () => finished };
}

describe('a talk that is recorded', () => {
  it('has a listener, which is recorded as soon as it is there, and fetched when it has gone', () => {
    const { recorder, script, did, finished } = scene();
    recorder.begin(TALK, 'citizen');
    script.say(entered(LISTENER, 'recorder'));
    script.say(entered('someone', 'citizen', 'menu'));
    expect(did).toEqual([`listen citizen ${LISTENER}`, `record ${LISTENER} ${NAME}`]);
    recorder.end(TALK);
    expect(script.deeds).toEqual([`hangup ${LISTENER}`]);
    script.say({ type: 'channel-left', channelId: 'someone', at: 0 });
    expect(finished()).toBe(0);
    script.say({ type: 'channel-left', channelId: LISTENER, at: 0 });
    expect(finished()).toBe(1);
  });

  it('is taken up: a listener that entered while nobody was here is recorded', async () => {
    const { recorder, script, did } = scene();
    script.standing.push(snapshot(LISTENER, 'recorder'), snapshot('other', 'citizen,menu,1'));
    await recorder.takeUp();
    expect(did).toEqual([`record ${LISTENER} ${NAME}`]);
  });

  it('is not begun twice by a successor, and nobody is told of what is recorded', async () => {
    const { recorder, script, did, lines } = scene(true, true);
    recorder.begin(TALK, 'citizen');
    script.standing.push(snapshot(LISTENER, 'recorder'));
    await recorder.takeUp();
    expect(did).toEqual([`listen citizen ${LISTENER}`]);
    expect(lines).toEqual([]);
  });

  it('is no worse for a recording that fails: somebody is told', async () => {
    const { recorder, script, lines } = scene(true);
    expect(() => recorder.begin(TALK, 'citizen')).not.toThrow();
    script.say(entered(LISTENER, 'recorder'));
    await expect.poll(() => lines.length).toBe(2);
    for (const line of lines) expect(line).toMatchObject({ msg: 'talk.not-recorded', alarm: true });
  });
});

it('names tell the talk and nothing else', () => {
  expect(readTalkName(NAME)).toEqual(TALK);
  for (const name of ['clinic-missed/1.2', 'clinic-talks/x-1', `${NAME}/../x`, `x${NAME}`])
    expect(readTalkName(name)).toBeNull();
  expect(talkPath(TALK)).toMatch(/^talks\/2023-06-28\/[0-9a-f-]+-a1b2-1\.wav\.sealed$/);
});

describe('a WAV file', () => {
  const head = (riff: number, data: number) => {
    const bytes = Buffer.alloc(44);
    bytes.write('RIFF', 0, 'latin1');
    bytes.writeUInt32LE(riff, 4);
    bytes.write('WAVEfmt ', 8, 'latin1');
    bytes.write('data', 36, 'latin1');
    bytes.writeUInt32LE(data, 40);
    return bytes;
  };
  async function whole(file: Buffer, size: number): Promise<Buffer> {
    const out: Buffer[] = [];
    const given = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
      file.subarray(i * size, (i + 1) * size),
    );
    for await (const part of wholeWav(Readable.from(given), file.length)) out.push(part);
    return Buffer.concat(out);
  }

  it.each([1, 7, 44, 1000])(
    'that was cut off in the writing says how long it is (in parts of %i)',
    async (size) => {
      const sound = Buffer.alloc(320, 5);
      expect(await whole(Buffer.concat([head(0, 0), sound]), size)).toEqual(
        Buffer.concat([head(356, 320), sound]),
      );
    },
  );

  it('that is none stays as it is', async () => {
    for (const other of [Buffer.alloc(100, 1), Buffer.from('short'), Buffer.alloc(0)])
      expect(await whole(other, 30)).toEqual(other);
  });
});
