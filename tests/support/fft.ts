/** A complex spectrum or signal: real and imaginary parts of equal, power-of-two length. */
export interface Complex {
  re: Float64Array;
  im: Float64Array;
}

/** The smallest power of two that is not below `length`. */
export function powerOfTwo(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, length)));
}

/** Fourier transform in place (iterative, radix 2); `inverse` divides by the length. */
export function transform({ re, im }: Complex, inverse = false): void {
  const size = re.length;
  reorder(re, im);
  for (let half = 1; half < size; half *= 2) {
    const { cos, sin } = roots(half, inverse);
    for (let block = 0; block < size; block += 2 * half) {
      for (let at = 0; at < half; at += 1) {
        const low = block + at;
        const high = low + half;
        const wr = cos[at]!;
        const wi = sin[at]!;
        const hr = re[high]! * wr - im[high]! * wi;
        const hi = re[high]! * wi + im[high]! * wr;
        re[high] = re[low]! - hr;
        im[high] = im[low]! - hi;
        re[low] = re[low]! + hr;
        im[low] = im[low]! + hi;
      }
    }
  }
  if (!inverse) return;
  for (let at = 0; at < size; at += 1) {
    re[at] = re[at]! / size;
    im[at] = im[at]! / size;
  }
}

function roots(half: number, inverse: boolean): { cos: Float64Array; sin: Float64Array } {
  const cos = new Float64Array(half);
  const sin = new Float64Array(half);
  for (let at = 0; at < half; at += 1) {
    const angle = ((inverse ? 1 : -1) * Math.PI * at) / half;
    cos[at] = Math.cos(angle);
    sin[at] = Math.sin(angle);
  }
  return { cos, sin };
}

/** Bit-reversed order, by counting the reversed index along. */
function reorder(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let at = 1, reversed = 0; at < size; at += 1) {
    let bit = size >> 1;
    while (reversed & bit) {
      reversed ^= bit;
      bit >>= 1;
    }
    reversed ^= bit;
    if (at >= reversed) continue;
    [re[at], re[reversed]] = [re[reversed]!, re[at]!];
    [im[at], im[reversed]] = [im[reversed]!, im[at]!];
  }
}
