import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { messageOf } from './fault.ts';

export interface StreamReader {
  /** Ends the reading and its connection. */
  close(): Promise<void>;
}

const PAUSE_MS = 200;
const PAGE = 100;
/** Well below the connection's own time-out, so that a socket gone dead without a word is found out and replaced. */
const BLOCK_MS = 5000;
/** Field of a stream entry that holds its JSON. */
const FIELD = 'json';

/**
 * Reads a stream to its end and then waits for more, blocked in Redis: nothing is polled.
 * @param redis a connection of its own (mode `blocking`); closed with the reader.
 * A Redis emptied within the very millisecond of the last entry gives that entry's id to the next one, which is then not
 * read: whoever waits for an answer to it is told by the deadline.
 * @param from id after which to begin: `0` for all there is.
 * @param listener must not throw.
 */
export function readStream<Message>(
  redis: Redis,
  stream: string,
  from: string,
  log: Log,
  listener: (streamId: string, message: Message) => void,
): StreamReader {
  let closed = false;
  let last = from;

  async function loop(): Promise<void> {
    while (!closed) {
      try {
        const read = await redis.xread('COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', stream, last);
        for (const [streamId, fields] of read?.[0]?.[1] ?? []) {
          last = streamId;
          tell(streamId, fields[fields.indexOf(FIELD) + 1] ?? '');
        }
      } catch (error) {
        if (closed) return;
        log.warn({ stream, detail: messageOf(error) }, 'stream-read.failed');
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  function tell(streamId: string, text: string): void {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch (error) {
      return log.error({ stream, streamId, detail: messageOf(error) }, 'stream-message.unreadable');
    }
    listener(streamId, message);
  }

  const reading = loop();
  return {
    async close() {
      closed = true;
      // A blocked read ends only with its connection.
      redis.disconnect();
      await reading;
    },
  };
}
