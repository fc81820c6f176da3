import { child, readTime, text, type Raw } from './events.ts';
import type { TelephonyEvent } from './telephony.ts';

/** Which telephones are registered and where, told only when it changes: a refreshed registration is no news. */
export interface Contacts {
  /** An event of ARI about an endpoint → what it means; null for news of nothing. */
  read: (raw: Raw) => TelephonyEvent | null;
  /** After a new connection nothing is known: what happened in between was not told. */
  forget: () => void;
}

/** NonQualified: registered, and not asked yet whether it answers. */
const LIVE: ReadonlySet<string> = new Set(['Created', 'Updated', 'Reachable', 'NonQualified', 'Unknown']);

export function createContacts(): Contacts {
  /** Addresses an endpoint registered from. A telephone that comes back on another port has two for a moment. */
  const addresses = new Map<string, Set<string>>();
  const told = new Map<string, boolean>();
  const online = new Map<string, boolean>();

  function contact(raw: Raw): TelephonyEvent | null {
    const endpoint = text(child(raw, 'endpoint').resource);
    const { uri, contact_status: status } = child(raw, 'contact_info');
    if (endpoint === '') return null;
    const live = addresses.get(endpoint) ?? new Set();
    addresses.set(endpoint, live);
    const isLive = LIVE.has(text(status));
    const moved = isLive && live.size > 0 && !live.has(text(uri));
    if (isLive) live.add(text(uri));
    else live.delete(text(uri));
    const reachable = live.size > 0;
    const event = { type: 'contact', endpoint, reachable, at: readTime(raw.timestamp) } as const;
    if (changed(told, endpoint, reachable)) return event;
    return moved ? { ...event, moved } : null;
  }

  function state(raw: Raw, isOnline: (endpoint: Raw) => boolean | null): TelephonyEvent | null {
    const endpoint = text(child(raw, 'endpoint').resource);
    const now = endpoint === '' ? null : isOnline(raw);
    if (now === null || !changed(online, endpoint, now)) return null;
    return { type: 'endpoint-state', endpoint, online: now, at: readTime(raw.timestamp) };
  }

  return {
    read: (raw) => {
      if (raw.type === 'ContactStatusChange') return contact(raw);
      if (raw.type === 'PeerStatusChange') return state(raw, peerOnline);
      if (raw.type === 'EndpointStateChange') return state(raw, endpointOnline);
      return null;
    },
    forget: () => {
      for (const map of [addresses, told, online]) map.clear();
    },
  };
}

/** Whether this is news; remembers it. */
function changed(known: Map<string, boolean>, key: string, value: boolean): boolean {
  if (known.get(key) === value) return false;
  known.set(key, value);
  return true;
}

function peerOnline(raw: Raw): boolean | null {
  const status = text(child(raw, 'peer').peer_status);
  if (status === 'Reachable' || status === 'Registered') return true;
  return status === 'Unreachable' || status === 'Unregistered' ? false : null;
}

function endpointOnline(raw: Raw): boolean | null {
  const state = text(child(raw, 'endpoint').state);
  if (state === 'online') return true;
  return state === 'offline' ? false : null;
}
