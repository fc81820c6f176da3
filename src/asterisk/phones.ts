import type { Log } from '../log.ts';
import type { Api } from './api.ts';
import { createContacts } from './contacts.ts';
import type { Raw } from './events.ts';
import { meansGone } from './faults.ts';
import type { TelephonyEvent } from './telephony.ts';

/**
 * The telephones' comings and goings, under an application name of their own on the same socket. To subscribe to an
 * endpoint means to get its channels' events as well: under one name every digit of a citizen would arrive twice. For the same
 * reason only telephones we have pushed are followed, never all endpoints: Asterisk puts every event of the trunk's channels
 * into words for each name that is subscribed before it looks at the filter (at 20 calls/s its queue for this name reached 500).
 */
export interface Phones {
  /** Name of the second application. */
  app: string;
  /** To be called for every new socket: follows all telephones again. @throws AsteriskFault */
  followAgain: () => Promise<void>;
  /** To be called after a telephone was pushed. @throws AsteriskFault */
  follow: (endpoint: string) => Promise<void>;
  forget: (endpoint: string) => void;
  /** An event under that name → what it means; null for news of nothing. */
  read: (raw: Raw) => TelephonyEvent | null;
}

const NEEDED = ['ContactStatusChange', 'PeerStatusChange', 'EndpointStateChange'];

export function followPhones({ call, app, log }: { call: Api['call']; app: string; log: Log }): Phones {
  const name = `${app}-phones`;
  const contacts = createContacts();
  const followed = new Set<string>();

  async function subscribe(endpoint: string): Promise<void> {
    try {
      await call('applications.subscribe', {
        applicationName: name,
        eventSource: `endpoint:PJSIP/${endpoint}`,
      });
    } catch (error) {
      // Removed by somebody else: whoever pushes it again follows it again.
      if (!meansGone(error)) throw error;
      log.debug({ app: name, endpoint }, 'phone.none');
    }
  }

  return {
    app: name,
    followAgain: async () => {
      contacts.forget();
      const filter = { allowed: NEEDED.map((type) => ({ type })) };
      await call('applications.filter', { applicationName: name, filter });
      await Promise.all([...followed].map(subscribe));
    },
    follow: async (endpoint) => {
      if (followed.has(endpoint)) return;
      await subscribe(endpoint);
      followed.add(endpoint);
    },
    forget: (endpoint) => void followed.delete(endpoint),
    read: contacts.read,
  };
}
