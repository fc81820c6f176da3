/**
 * G.711 at 8 kHz: 16-bit linear samples to A-law (PCMA) and µ-law (PCMU) and back, by the segments of ITU-T G.711.
 * Decoding goes through tables made once from the definition.
 */

const MU_BIAS = 132;
const MU_CLIP = 32_635;

/** @param {number} sample */
export function encodeMuLaw(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const segment = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}

/** @param {number} octet */
function decodeMuLaw(octet) {
  const code = ~octet & 0xff;
  const segment = (code >> 4) & 0x07;
  const magnitude = ((((code & 0x0f) << 3) + MU_BIAS) << segment) - MU_BIAS;
  return code & 0x80 ? -magnitude : magnitude;
}

/** @param {number} sample */
export function encodeALaw(sample) {
  // Thirteen bits are coded; a negative value is taken in ones' complement, so that both signs have the same steps.
  const positive = sample >= 0;
  const magnitude = Math.min((positive ? sample : ~sample) >> 3, 4095);
  const segment = magnitude < 32 ? 0 : 31 - Math.clz32(magnitude) - 4;
  const step = segment < 2 ? (magnitude >> 1) & 0x0f : (magnitude >> segment) & 0x0f;
  return ((segment << 4) | step | (positive ? 0x80 : 0)) ^ 0x55;
}

/** @param {number} octet */
function decodeALaw(octet) {
  const code = octet ^ 0x55;
  const segment = (code >> 4) & 0x07;
  const step = (code & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return code & 0x80 ? magnitude : -magnitude;
}

const A_LAW = Int16Array.from({ length: 256 }, (_, octet) => decodeALaw(octet));
const MU_LAW = Int16Array.from({ length: 256 }, (_, octet) => decodeMuLaw(octet));

/**
 * @param {'PCMA' | 'PCMU'} codec
 * @param {Int16Array} samples
 * @returns {Buffer} one octet a sample
 */
export function encode(codec, samples) {
  const one = codec === 'PCMA' ? encodeALaw : encodeMuLaw;
  const octets = Buffer.allocUnsafe(samples.length);
  for (let at = 0; at < samples.length; at += 1) octets[at] = one(samples[at]);
  return octets;
}

/**
 * @param {'PCMA' | 'PCMU'} codec
 * @param {Uint8Array} octets
 * @returns {Int16Array}
 */
export function decode(codec, octets) {
  const table = codec === 'PCMA' ? A_LAW : MU_LAW;
  const samples = new Int16Array(octets.length);
  for (let at = 0; at < octets.length; at += 1) samples[at] = table[octets[at]];
  return samples;
}
