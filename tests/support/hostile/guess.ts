import { answerChallenge } from '../../../src/stack/phone/digest.mjs';
import { token, type SipResponse } from '../../../src/stack/phone/sip.mjs';
import { createAttacker } from './attacker.ts';
import { write } from './message.ts';

/** A REGISTER without and then with a password. */
export interface Guess {
  /** null: refused before any challenge. */
  challenge: SipResponse | null;
  last: SipResponse;
}

const PATIENCE_MS = 5_000;

/** Tries one password for one user from this address. */
export async function guess(host: string, username: string, password: string): Promise<Guess> {
  const attacker = await createAttacker({ host });
  const uri = 'sip:127.0.0.1';
  const tag = token();
  const set = {
    to: `<sip:${username}@127.0.0.1>`,
    from: `<sip:${username}@127.0.0.1>;tag=${tag}`,
    'call-id': token(),
  };
  const ask = (number: number, lines: string[]) => {
    const answer = new Promise<SipResponse>((resolve, reject) => {
      attacker.onResponse(resolve);
      setTimeout(() => reject(new Error('Asterisk does not answer')), PATIENCE_MS).unref();
    });
    attacker.send(
      write(attacker.origin, { method: 'REGISTER', uri, set: { ...set, cseq: `${number} REGISTER` }, lines }),
    );
    return answer;
  };
  try {
    const first = await ask(1, ['Expires: 60']);
    const credentials = { username, password };
    const answered = answerChallenge(first, { credentials, method: 'REGISTER', uri });
    if (answered === null) return { challenge: null, last: first };
    const [name, value] = answered.header;
    return { challenge: first, last: await ask(2, ['Expires: 60', `${name}: ${value}`]) };
  } finally {
    await attacker.close();
  }
}
