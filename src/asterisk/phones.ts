import type { Log } from '../log.ts';
import type { Api } from './api.ts';
import { createContacts } from './contacts.ts';
import type { Raw } from './events.ts';
import { meansGone } from './faults.ts';
import type { TelephonyEvent } from './telephony.ts';

/**
 * The telephones' comings and goings, under an application name of their own on the same socket. To subscribe to an
 * endpoint means to get its channels' events as well: under one name every digit of a citizen would arrive twice.
 */
export interface Phones {
  /** Name of the second application. */
  app: string;
  /** To be called for every new socket. @throws AsteriskFault */
  follow: () => Promise<void>;
  /** To be called after a telephone was pushed. @throws AsteriskFault */
  followFirst: () => Promise<void>;
  /** An event under that name → what it means; null for news of nothing. */
  read: (raw: Raw) => TelephonyEvent | null;
}

const NEEDED = ['ContactStatusChange', 'PeerStatusChange', 'EndpointStateChange'];

export function followPhones({ call, app, log }: { call: Api['call']; app: string; log: Log }): Phones {
  const name = `${app}-phones`;
  const contacts = createContacts();

  let subscribed = false;

  async function subscribe(): Promise<void> {
    try {
      await call('applications.subscribe', { applicationName: name, eventSource: 'endpoint:PJSIP' });
      subscribed = true;
    } catch (error) {
      // Asterisk knows of no telephone at all yet: the first one that is pushed asks again.
      if (!meansGone(error)) throw error;
      log.debug({ app: name }, 'phones.none');
    }
  }

  return {
    app: name,
    follow: async () => {
      contacts.forget();
      subscribed = false;
      const filter = { allowed: NEEDED.map((type) => ({ type })) };
      await call('applications.filter', { applicationName: name, filter });
      await subscribe();
    },
    followFirst: async () => {
      if (!subscribed) await subscribe();
    },
    read: contacts.read,
  };
}
