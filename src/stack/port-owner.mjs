/** Who listens on a port, from /proc: `ss` and `lsof` are not on every machine. */
import { readdirSync, readlinkSync } from 'node:fs';
import { readText } from './files.mjs';

const LISTENING = '0A';

/**
 * @param {'tcp' | 'udp'} kind
 * @param {number} port
 * @returns {{ pid: number, name: string } | null} null where nobody listens, or a process we may not look into
 */
export function portOwner(kind, port) {
  const inodes = new Set(
    [kind, `${kind}6`].flatMap((table) => inodesOn(readText(`/proc/net/${table}`) ?? '', port, kind)),
  );
  if (inodes.size === 0) return null;
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry) || !holds(entry, inodes)) continue;
    return { pid: Number(entry), name: readText(`/proc/${entry}/comm`)?.trim() ?? 'a process' };
  }
  return null;
}

/**
 * The sockets bound to a port, in the kernel's table.
 * @param {string} table text of /proc/net/tcp, udp, …
 * @param {number} port
 * @param {'tcp' | 'udp'} kind
 * @returns {string[]} inodes
 */
export function inodesOn(table, port, kind) {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((field) => field[1]?.endsWith(`:${wanted}`) && (kind === 'udp' || field[3] === LISTENING))
    .map((field) => field[9] ?? '');
}

function holds(pid, inodes) {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = /^socket:\[([0-9]+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`));
      return target !== null && inodes.has(target[1] ?? '');
    });
  } catch (error) {
    // It has ended meanwhile, or belongs to someone else.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code)) return false;
    throw error;
  }
}
