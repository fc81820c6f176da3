import { text, type Raw } from './events.ts';

/** How a telephone call sounds, as one RTCP report tells it. */
export interface Quality {
  /** `PJSIP/e001-00000012` */
  channelName: string;
  /** whose ears: `theirs` the telephone's (what we sent), `ours` Asterisk's (what it sent). */
  heardBy: 'theirs' | 'ours';
  /** There and back; null where the report cannot tell it. */
  rttMs: number | null;
  lossPercent: number;
  jitterMs: number;
}

/**
 * RTP counts jitter in samples. Everything on our trunk is G.711, 8 a millisecond; a report does not say its codec, so
 * for a browser's Opus (48) the figure is six times too high.
 */
const SAMPLES_PER_MS = 8;

/** An RTCP event of the manager interface; null for anything else, and for a report about no stream. */
export function readQuality(event: Raw): Quality | null {
  const heardBy = event.event === 'RTCPReceived' ? 'theirs' : event.event === 'RTCPSent' ? 'ours' : null;
  const fraction = figure(event.report0fractionlost);
  const jitter = figure(event.report0iajitter);
  const channelName = text(event.channel);
  if (heardBy === null || channelName === '' || fraction === null || jitter === null) return null;
  const rtt = figure(event.rtt);
  return {
    channelName,
    heardBy,
    rttMs: rtt === null ? null : rtt * 1000,
    lossPercent: (fraction / 256) * 100,
    jitterMs: jitter / SAMPLES_PER_MS,
  };
}

function figure(value: unknown): number | null {
  const written = text(value);
  return /^[0-9]+(\.[0-9]+)?$/.test(written) ? Number(written) : null;
}
