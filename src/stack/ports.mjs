/** The stack's ports: the defaults, the variables that move them, a free set for tests, and who has a taken one. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fault } from './fault.mjs';

/** Everything listens on 127.0.0.1. `callback` has no variable: it goes along with `sip`. */
const KINDS = {
  web: { variable: 'CLINIC_PORT_WEB', port: 8137 },
  sip: { variable: 'CLINIC_PORT_SIP', port: 5137 },
  sipTls: { variable: 'CLINIC_PORT_SIP_TLS', port: 5138 },
  asteriskHttp: { variable: 'CLINIC_PORT_ASTERISK_HTTP', port: 8188 },
  ami: { variable: 'CLINIC_PORT_AMI', port: 5139 },
  rtpStart: { variable: 'CLINIC_PORT_RTP_START', port: 20000 },
  rtpEnd: { variable: 'CLINIC_PORT_RTP_END', port: 20999 },
  postgres: { variable: 'CLINIC_PORT_POSTGRES', port: 5437 },
  redis: { variable: 'CLINIC_PORT_REDIS', port: 6437 },
};
const CALLBACK_ABOVE_SIP = 9;
/** Sets for tests: ten ports and a thousand for RTP each, below the range the kernel takes ports from by itself. */
const SETS = 11;
const FIRST_SET = { ports: 12000, rtp: 21000 };

/**
 * @typedef {Record<'web'|'sip'|'sipTls'|'asteriskHttp'|'ami'|'rtpStart'|'rtpEnd'|'postgres'|'redis'|'callback', number>} Ports
 */

/**
 * @returns {Ports}
 * @throws fault port-invalid
 */
export function defaultPorts(env = process.env) {
  const ports = {};
  for (const [kind, { variable, port }] of Object.entries(KINDS)) {
    const given = env[variable] || String(port);
    if (!/^[1-9][0-9]{0,4}$/.test(given) || Number(given) > 65535 - CALLBACK_ABOVE_SIP)
      throw fault('port-invalid', `${variable} must be a port, not ${given}`);
    ports[kind] = Number(given);
  }
  if (ports.rtpEnd - ports.rtpStart < 3)
    throw fault('port-invalid', 'CLINIC_PORT_RTP_END must lie above CLINIC_PORT_RTP_START');
  return { ...ports, callback: ports.sip + CALLBACK_ABOVE_SIP };
}

/**
 * A set of which nothing is in use now. RTP ports are taken only while a call lasts, so a set counts as one: whoever
 * holds its SIP port holds its RTP ports.
 * @param {string} seed e.g. the state folder: the same stack gets the same ports again where it can
 * @returns {Ports}
 * @throws fault port-none-free
 */
export function freePorts(seed = '') {
  const taken = new Set(sockets().map(({ port }) => port));
  const first = createHash('sha256').update(seed).digest().readUInt32BE(0) % SETS;
  for (let i = 0; i < SETS; i += 1) {
    const ports = setOf((first + i) % SETS);
    const busy = [...taken].some(
      (port) => Object.values(ports).includes(port) || (port >= ports.rtpStart && port <= ports.rtpEnd),
    );
    if (!busy) return ports;
  }
  throw fault('port-none-free', `All ${SETS} sets of ports for test stacks are in use`);
}

function setOf(index) {
  const base = FIRST_SET.ports + 10 * index;
  const rtpStart = FIRST_SET.rtp + 1000 * index;
  return {
    sip: base,
    sipTls: base + 1,
    asteriskHttp: base + 2,
    ami: base + 3,
    web: base + 4,
    postgres: base + 5,
    redis: base + 6,
    callback: base + CALLBACK_ABOVE_SIP,
    rtpStart,
    rtpEnd: rtpStart + 999,
  };
}

/**
 * @param {Ports} ports
 * @param {(keyof Ports)[]} kinds what is about to be started
 * @throws fault port-taken naming every taken port, who has it and the variable that moves ours
 */
export function assertFree(ports, kinds) {
  const open = sockets();
  const faults = [];
  for (const kind of kinds) {
    const holder = open.find(({ port }) => port === ports[kind]);
    if (holder)
      faults.push(
        `a port is taken: ${ports[kind]}/${holder.protocol} (${kind}) belongs to ${ownerOf(holder.inode)}; ` +
          `end that or set ${KINDS[kind].variable} to another port`,
      );
  }
  if (faults.length > 0) throw fault('port-taken', faults.join('\n'));
}

/** TCP sockets that listen and all UDP sockets, of both address families. */
function sockets() {
  const LISTENING = '0A';
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    linesOf(`/proc/net/${table}`).flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (table.startsWith('tcp') && state !== LISTENING) return [];
      return [{ port: parseInt(local.split(':')[1], 16), protocol: table.slice(0, 3), inode }];
    }),
  );
}

function linesOf(table) {
  try {
    return readFileSync(table, 'utf8').split('\n').slice(1).filter(Boolean);
  } catch {
    // A kernel without IPv6 has no such table.
    return [];
  }
}

function ownerOf(inode) {
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    try {
      const folder = `/proc/${pid}/fd`;
      if (readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === `socket:[${inode}]`))
        return `process ${pid} (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`;
    } catch {
      // Ended meanwhile, or another user's: its open files cannot be read.
      continue;
    }
  }
  return "another user's process";
}
