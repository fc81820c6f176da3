import { Histogram, type Registry } from 'prom-client';
import type { Quality } from '../asterisk/quality.ts';

/** How well people hear each other, from RTCP reports: one about every five seconds a leg. */
export function measureQuality(registry: Registry): (quality: Quality) => void {
  const labelNames = ['heard_by'] as const;
  const registers = [registry];
  const loss = new Histogram({
    name: 'clinic_rtp_loss_ratio',
    help: 'Packets lost between two reports, 0 to 1; heard_by theirs: by the telephone, ours: by Asterisk',
    labelNames,
    // G.711 conceals 1 % unnoticed; from 5 % on words go missing.
    buckets: [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
    registers,
  });
  const jitter = new Histogram({
    name: 'clinic_rtp_jitter_seconds',
    help: 'Jitter of the arriving packets, by whose ears',
    labelNames,
    // Telephones buffer 40 to 60 ms.
    buckets: [0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1],
    registers,
  });
  const roundTrip = new Histogram({
    name: 'clinic_rtp_round_trip_seconds',
    help: 'There and back, by whose ears, where a report can tell it',
    labelNames,
    // ITU-T G.114: 150 ms one way is unnoticed, 400 ms is the most that is acceptable.
    buckets: [0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8],
    registers,
  });
  for (const one of [loss, jitter, roundTrip]) {
    one.zero({ heard_by: 'theirs' });
    one.zero({ heard_by: 'ours' });
  }
  return ({ heardBy, lossPercent, jitterMs, rttMs }) => {
    loss.observe({ heard_by: heardBy }, lossPercent / 100);
    jitter.observe({ heard_by: heardBy }, jitterMs / 1000);
    if (rttMs !== null) roundTrip.observe({ heard_by: heardBy }, rttMs / 1000);
  };
}
