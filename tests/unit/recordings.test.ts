import { describe, expect, it } from 'vitest';
import { asCsv, asMarkdown, asReport, scriptRows } from '../../src/stack/prompts.mjs';
import { expectedSeconds, judge } from '../../src/stack/recordings.mjs';

const SPOKEN = 'شما در صف هستید.';
const good = { rate: 48_000, channels: 1, bits: 16, peak: -3, peakSamples: 1, rms: -20 };
const seconds = expectedSeconds(SPOKEN);

describe('a recording', () => {
  it('is good at the pace of its text, with peaks below full scale', () => {
    for (const rms of [-32, -12])
      for (const pace of [0.6, 1.9])
        expect(judge({ ...good, rms, seconds: seconds * pace }, SPOKEN)).toEqual([]);
    expect(judge({ ...good, rate: 16_000, peak: 0, peakSamples: 1, seconds }, SPOKEN)).toEqual([]);
  });

  it.each([
    [{ rate: 8_000 }, '8000 Hz'],
    [{ channels: 2 }, '2 channels'],
    [{ bits: 8 }, '8 bits'],
    [{ peak: 0, peakSamples: 10 }, 'clipped'],
    [{ rms: -33 }, 'too quiet'],
    [{ rms: -11 }, 'too loud'],
    [{ seconds: seconds * 0.4 }, 'too short'],
    [{ seconds: seconds * 2.1 }, 'too long'],
    [{ seconds: 0, rms: -Infinity, peak: -Infinity }, 'silence'],
  ])('with %o is told as one fault', (change, words) => {
    const faults = judge({ ...good, seconds, ...change }, SPOKEN);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(words);
  });

  it('is measured by letters: neither vowel signs nor punctuation take time', () => {
    expect(expectedSeconds('عددِ هشت')).toBe(expectedSeconds('عدد، هشت.'));
  });
});

describe('the script for the speaker', () => {
  const phrases = new Map([
    ['queue/you-are', { text: 'شما', spoken: 'شما' }],
    ['clinic/x', { text: 'او گفت "سلام"', spoken: 'سلام' }],
  ]);

  it('names the file, the text, how to say what is only a piece, and about how long', () => {
    const [piece, whole] = scriptRows(phrases);
    expect(piece).toMatchObject({ file: 'queue/you-are.wav', text: 'شما', seconds: '0.6' });
    expect(piece!.note).not.toBe('');
    expect(whole!.note).toBe('');
    expect(asMarkdown([piece!])).toContain('| 1 | queue/you-are.wav | شما |');
  });

  it('is a table for a spreadsheet, quotation marks and all', () => {
    const csv = asCsv(scriptRows(phrases));
    expect(csv.startsWith('\ufeff')).toBe(true);
    expect(csv.split('\r\n')[2]).toContain('"او گفت ""سلام"""');
  });
});

describe('the report', () => {
  it('names what is wrong, and what is missing only when asked', () => {
    const verdicts = [
      { key: 'a/b', file: '/r/a/b.wav', state: 'faulty' as const, faults: ['too quiet'] },
      { key: 'a/c', file: '/r/a/c.wav', state: 'missing' as const, faults: [] },
      { key: 'a/d', file: '/r/a/d.wav', state: 'fine' as const, faults: [] },
    ];
    expect(asReport(verdicts, false)).toBe(
      '/r/a/b.wav\n    too quiet\n' +
        '1 recorded and good, 1 recorded with faults, 1 spoken by the synthetic voice, 0 files of no phrase',
    );
    expect(asReport(verdicts, true)).toContain('not recorded: a/c');
  });
});
