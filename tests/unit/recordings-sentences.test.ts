import { expect, it } from 'vitest';
import type { Reached } from '../../src/asterisk/telephony.ts';
import { createSentences } from '../../src/recordings/sentences.ts';
import { recordingLog } from '../support/silent-log.ts';
import { channelOf, scriptedTelephony } from '../support/telephony.ts';

function scene(answer: () => Promise<Reached> = () => Promise.resolve('done')) {
  const script = scriptedTelephony();
  const whisperers = new Map<string, string>();
  const { log } = recordingLog();
  const sentences = createSentences({
    ...{ telephony: script.telephony, log },
    sounds: { whisper: (channelId, id) => (whisperers.set(channelId, id), answer()) },
  });
  const enters = (id: string) =>
    script.say({ type: 'channel-entered', channel: channelOf(id, 'Snoop/1', ''), args: ['whisper'], at: 0 });
  return { script, sentences, whisperers, enters };
}

it('whispers a sentence to each, and ends each channel when it is said', async () => {
  const { script, sentences, whisperers, enters } = scene();
  await sentences.say(['citizen', 'exp-1'], ['recording/paused']);
  const ids = [...whisperers.values()];
  expect([...whisperers.keys()]).toEqual(['citizen', 'exp-1']);
  ids.forEach(enters);
  enters('another');
  expect(script.deeds).toEqual(ids.map((id) => `play ${id} recording/paused`));
  for (const playbackId of [...ids.map((id) => `said-${id}`), 'pb-1'])
    script.say({ type: 'playback-finished', playbackId, failed: false, at: 0 });
  expect(script.deeds.slice(2)).toEqual(ids.map((id) => `hangup ${id}`));
  sentences.close();
  expect(script.listeners()).toBe(0);
});

it('leaves no channel behind where nobody answers whether it was made, and none of an earlier process', async () => {
  const { script, sentences, whisperers } = scene(() => Promise.reject(new Error('no answer')));
  await expect(sentences.say(['citizen'], ['recording/paused'])).rejects.toThrow('no answer');
  expect(script.deeds).toEqual([`hangup ${whisperers.get('citizen')}`]);
  script.standing.push(channelOf('say-1', 'Snoop/1', ''), channelOf('citizen', 'PJSIP/1', ''));
  await sentences.takeUp();
  expect(script.deeds.slice(1)).toEqual(['hangup say-1']);
});

it('says nothing to who has left', async () => {
  const { script, sentences, whisperers, enters } = scene(() => Promise.resolve('gone'));
  await sentences.say(['citizen'], ['recording/paused']);
  enters(whisperers.get('citizen')!);
  expect(script.deeds).toEqual([]);
});
