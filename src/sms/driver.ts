/** How a message leaves us. A driver never throws: whatever happens is an answer. */
export interface Driver {
  name: 'table' | 'kavenegar';
  /** One message to one number; id: the row's, by which `find` asks for it later. */
  send(message: Message): Promise<Sending>;
  /** Whether the gateway has had the message of an attempt that nobody saw the end of. */
  find(id: string): Promise<Finding>;
}

export interface Message {
  id: string;
  /** E.164. */
  number: string;
  body: string;
}

export type Sending =
  | { came: 'sent'; providerId: string | null }
  /** There is no gateway: the row is all there is. */
  | { came: 'kept' }
  /** The gateway will never take it: of the number, or of the message. */
  | { came: 'undeliverable' | 'refused'; reason: string }
  /** Not taken, and may be another time. needsSomebody: not before a person has done something about it. */
  | { came: 'not-now'; reason: string; needsSomebody: boolean }
  /** Nobody knows whether it was taken. */
  | { came: 'unknown'; reason: string };

export type Finding =
  { found: 'sent'; providerId: string } | { found: 'nothing' } | { found: 'unknown'; reason: string };

/** For cities without a gateway, and for tests: whoever cares reads the table. */
export const tableDriver: Driver = {
  name: 'table',
  send: () => Promise.resolve({ came: 'kept' }),
  find: () => Promise.resolve({ found: 'nothing' }),
};
