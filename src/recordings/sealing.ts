import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { fault } from '../platform/fault.ts';

/*
 * Sound at rest: AES-256-GCM in pieces of 64 kB, so that an hour's talk needs no hour's memory and nothing is given out before
 * it was proven. A file is
 *
 *     C137REC1 · id of the key, 8 bytes · salt, 16 bytes · pieces, each with its tag of 16 bytes behind it
 *
 * The key of a file is derived (HKDF) from the clinic's key, the salt and the head, so that numbers of pieces may serve as
 * nonces. A nonce also says whether its piece is the last one: pieces exchanged, left out or cut off are refused like changed
 * ones. (The scheme is STREAM by Hoang, Reyhanitabar, Rogaway and Vizár, 2015.)
 */

export interface SoundKey {
  /** Derived from the key: 16 hexadecimal digits, which say nothing of it. */
  id: string;
  secret: Buffer;
}

export interface Keyring {
  /** What is sealed from now on. */
  current: SoundKey;
  /** By id; earlier ones too. */
  all: ReadonlyMap<string, SoundKey>;
}

const MAGIC = Buffer.from('C137REC1', 'latin1');
const KEY_BYTES = 32;
const ID_BYTES = 8;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const PIECE_BYTES = 64 * 1024;
export const HEAD_BYTES = MAGIC.length + ID_BYTES + SALT_BYTES;

/** key, and in oldKeys those before it, comma-separated: 32 bytes in base 64 each. */
export function keyringOf(key: string, oldKeys: string): Keyring {
  const current = readKey(key);
  const old = oldKeys === '' ? [] : oldKeys.split(',').map(readKey);
  return { current, all: new Map([...old, current].map((one) => [one.id, one])) };
}

function readKey(text: string): SoundKey {
  const secret = Buffer.from(text, 'base64');
  if (secret.length !== KEY_BYTES)
    throw fault('recording-key-invalid', 'A key of recordings is 32 bytes in base 64');
  const id = createHash('sha256').update('clinic-137 key of recordings\0').update(secret).digest('hex');
  return { id: id.slice(0, 2 * ID_BYTES), secret };
}

export async function* seal(sound: AsyncIterable<Uint8Array>, key: SoundKey): AsyncGenerator<Buffer> {
  const head = Buffer.concat([MAGIC, Buffer.from(key.id, 'hex'), randomBytes(SALT_BYTES)]);
  const secret = secretOfFile(head, key);
  yield head;
  let number = 0;
  for await (const { piece, isLast } of inPieces(sound, PIECE_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', secret, nonceOf(number++, isLast));
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  }
}

/** The id of the key a file was sealed with. @throws `recording-damaged` where the head is none */
export function keyIdIn(head: Buffer): string {
  if (head.length !== HEAD_BYTES || !head.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged();
  return head.subarray(MAGIC.length, MAGIC.length + ID_BYTES).toString('hex');
}

/**
 * @param body what follows the head
 * @throws `recording-key-unknown`, `recording-damaged`: nothing of the piece in question was given out
 */
export async function* unseal(
  head: Buffer,
  body: AsyncIterable<Uint8Array>,
  keys: Keyring,
): AsyncGenerator<Buffer> {
  const id = keyIdIn(head);
  const key = keys.all.get(id);
  if (key === undefined)
    throw fault('recording-key-unknown', `It was sealed with the key ${id}, which is not given any more`);
  const secret = secretOfFile(head, key);
  let number = 0;
  for await (const { piece, isLast } of inPieces(body, PIECE_BYTES + TAG_BYTES))
    yield opened(piece, secret, nonceOf(number++, isLast));
}

function opened(piece: Buffer, secret: Buffer, nonce: Buffer): Buffer {
  if (piece.length < TAG_BYTES) throw damaged();
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(piece.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw damaged(error);
  }
}

const damaged = (cause?: unknown) =>
  fault('recording-damaged', 'The recording was changed since it was sealed', cause);

/**
 * By what a text is known again that is not kept: without the key nobody can try out what it was, as one could all telephone
 * numbers there are. One by each key, the present one first.
 */
export function marksOf(text: string, { current, all }: Keyring): string[] {
  const old = [...all.values()].filter(({ id }) => id !== current.id);
  return [current, ...old].map(({ secret }) => {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'clinic-137 marks of messages', KEY_BYTES));
    return createHmac('sha256', key).update(text).digest('hex');
  });
}

const secretOfFile = (head: Buffer, { secret }: SoundKey): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, head.subarray(-SALT_BYTES), head, KEY_BYTES));

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(number, NONCE_BYTES - 5);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}

/** All pieces but the last are of this size; there is always one, which may be empty. */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ piece: Buffer; isLast: boolean }> {
  let held: Buffer = Buffer.alloc(0);
  for await (const part of source) {
    held = Buffer.concat([held, part]);
    while (held.length > size) {
      yield { piece: held.subarray(0, size), isLast: false };
      held = held.subarray(size);
    }
  }
  yield { piece: held, isLast: true };
}
