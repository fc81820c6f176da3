/** Asterisk's WAV: 8,000 samples of two bytes a second behind a head of 44 bytes. Pure. */

export const WAV_HEAD_BYTES = 44;
export const SECOND_BYTES = 16_000;
const RIFF_SIZE_AT = 4;
const DATA_SIZE_AT = 40;

/**
 * Asterisk writes the lengths into the head when a recording ends; in one that its own end has cut off they say 0, and
 * nobody would play it. bytes: of the whole file.
 */
export async function* wholeWav(parts: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const part of parts) {
    if (head === null) {
      yield Buffer.from(part);
      continue;
    }
    head = Buffer.concat([head, part]);
    if (head.length < WAV_HEAD_BYTES) continue;
    yield mended(head, bytes);
    head = null;
  }
  if (head !== null) yield head;
}

function mended(head: Buffer, bytes: number): Buffer {
  if (head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 36, 40) !== 'data') return head;
  head.writeUInt32LE(bytes - RIFF_SIZE_AT - 4, RIFF_SIZE_AT);
  head.writeUInt32LE(bytes - WAV_HEAD_BYTES, DATA_SIZE_AT);
  return head;
}

/** One behind the other, in one file. parts: as Asterisk writes them, each with its head. */
export function joinedWav(parts: readonly Uint8Array[]): Buffer {
  const [first, ...others] = parts;
  const joined = Buffer.concat([
    first ?? Buffer.alloc(0),
    ...others.map((part) => part.subarray(WAV_HEAD_BYTES)),
  ]);
  return parts.length > 1 ? mended(joined, joined.length) : joined;
}

/** Whole seconds of sound in a file. */
export const secondsOfWav = (bytes: number): number =>
  Math.max(0, Math.floor((bytes - WAV_HEAD_BYTES) / SECOND_BYTES));
