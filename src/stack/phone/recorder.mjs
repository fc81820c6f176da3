/**
 * Everything a call received, laid out in time: a packet stands where its timestamp says, missing ones are silence.
 *
 * @typedef {{ pcm: Int16Array, startedAt: number, gaps: { atSeconds: number, seconds: number }[], packets: number, lost: number, errors: number }} Recording
 *   pcm: 8 kHz; startedAt: arrival of the first packet, milliseconds since the epoch; gaps: silence of ours, 20 ms and longer.
 */
import { decode } from './g711.mjs';

const SAMPLES_PER_MS = 8;
/**
 * Timestamps are believed as long as they agree with the arrival within a second: a peer that begins to count anew
 * differs by more, a busy machine by less.
 */
const BELIEVED_SAMPLES = 8_000;

export function createRecorder() {
  const state = { pieces: [], startedAt: 0, started: 0, anchor: null, end: 0, lost: 0, errors: 0 };
  return {
    /** @param {{ codec: 'PCMA' | 'PCMU', payload: Buffer, timestamp: number, sequence: number, ssrc: number }} packet */
    take: (packet) => take(state, packet),
    noteError: () => {
      state.errors += 1;
    },
    /** @returns {Recording} what was received so far */
    recording: () => layOut(state),
  };
}

function take(state, { codec, payload, timestamp, sequence, ssrc }) {
  const now = performance.now();
  if (state.anchor === null) {
    state.startedAt = Date.now();
    state.started = now;
  }
  const arrived = Math.round((now - state.started) * SAMPLES_PER_MS);
  let at = arrived;
  if (state.anchor !== null && state.anchor.ssrc === ssrc) {
    // Signed difference of 32-bit counters.
    const placed = state.anchor.at + ((timestamp - state.anchor.timestamp) | 0);
    if (Math.abs(placed - arrived) <= BELIEVED_SAMPLES) at = placed;
    const missing = ((sequence - state.anchor.sequence) & 0xffff) - 1;
    if (missing > 0 && missing < 1_000) state.lost += missing;
  }
  if (at < 0) return;
  state.anchor = { ssrc, timestamp, at, sequence };
  state.pieces.push({ at, codec, payload: Buffer.from(payload) });
  state.end = Math.max(state.end, at + payload.length);
}

function layOut(state) {
  const pcm = new Int16Array(state.end);
  const gaps = [];
  let reached = 0;
  for (const piece of [...state.pieces].sort((one, other) => one.at - other.at)) {
    if (piece.at - reached >= 160)
      gaps.push({ atSeconds: reached / 8_000, seconds: (piece.at - reached) / 8_000 });
    pcm.set(decode(piece.codec, piece.payload), piece.at);
    reached = Math.max(reached, piece.at + piece.payload.length);
  }
  const { startedAt, lost, errors } = state;
  return { pcm, startedAt, gaps, packets: state.pieces.length, lost, errors };
}
