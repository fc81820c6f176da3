/** Ports of the stack: where they stand without being told otherwise, which variable moves them, who else has them. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { fault } from './fault.mjs';
import { portOwner } from './port-owner.mjs';

export const HOST = '127.0.0.1';
const RTP_PORTS_AT_LEAST = 100;

/**
 * @typedef {'web' | 'sip' | 'sipTls' | 'asteriskHttp' | 'ami' | 'rtpStart' | 'rtpEnd' | 'postgres' | 'redis' | 'callback'} PortName
 * @typedef {Record<PortName, number>} Ports
 * @typedef {'tcp' | 'udp'} Kind
 */

/** @type {Readonly<Record<PortName, { variable: string, fallback: number, kinds: readonly Kind[] }>>} */
export const PORTS = {
  web: { variable: 'CLINIC_PORT_WEB', fallback: 8137, kinds: ['tcp'] },
  sip: { variable: 'CLINIC_PORT_SIP', fallback: 5137, kinds: ['udp', 'tcp'] },
  sipTls: { variable: 'CLINIC_PORT_SIP_TLS', fallback: 5138, kinds: ['tcp'] },
  asteriskHttp: { variable: 'CLINIC_PORT_ASTERISK_HTTP', fallback: 8188, kinds: ['tcp'] },
  ami: { variable: 'CLINIC_PORT_AMI', fallback: 5139, kinds: ['tcp'] },
  // Asterisk passes over a port of the range that is taken.
  rtpStart: { variable: 'CLINIC_PORT_RTP_START', fallback: 20_000, kinds: [] },
  rtpEnd: { variable: 'CLINIC_PORT_RTP_END', fallback: 20_999, kinds: [] },
  postgres: { variable: 'CLINIC_PORT_POSTGRES', fallback: 5437, kinds: ['tcp'] },
  redis: { variable: 'CLINIC_PORT_REDIS', fallback: 6437, kinds: ['tcp'] },
  // The citizen whom callbacks of the demo and the tests ring; bound by whoever plays that citizen.
  callback: { variable: 'CLINIC_PORT_CALLBACK', fallback: 5140, kinds: [] },
};

const NAMES = /** @type {PortName[]} */ (Object.keys(PORTS));

/**
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {Ports}
 * @throws {import('./fault.mjs').Fault} port-invalid
 */
export function readPorts(environment) {
  const ports = /** @type {Ports} */ (Object.fromEntries(NAMES.map((name) => [name, readPort(environment, name)])));
  if (ports.rtpEnd - ports.rtpStart + 1 < RTP_PORTS_AT_LEAST) {
    throw fault(
      'port-invalid',
      `${PORTS.rtpStart.variable} to ${PORTS.rtpEnd.variable} must hold at least ${RTP_PORTS_AT_LEAST} ports.`,
    );
  }
  for (const [index, name] of NAMES.entries()) {
    const same = NAMES.slice(index + 1).find((other) => ports[other] === ports[name]);
    if (same !== undefined) {
      throw fault('port-invalid', `${PORTS[name].variable} and ${PORTS[same].variable} are both ${ports[name]}.`);
    }
  }
  return ports;
}

function readPort(environment, name) {
  const { variable, fallback } = PORTS[name];
  const text = environment[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port <= 65_535) return port;
  throw fault('port-invalid', `${variable} must be a port from 1024 to 65535, not "${text}".`);
}

/**
 * @param {Ports} ports
 * @param {readonly PortName[]} names
 * @throws {import('./fault.mjs').Fault} port-taken: by whom, and which variable moves ours
 */
export async function needFree(ports, names) {
  for (const name of names) {
    for (const kind of PORTS[name].kinds) {
      if (await isFree(kind, ports[name])) continue;
      const owner = portOwner(kind, ports[name]);
      const who = owner === null ? "another user's process" : `${owner.name} (process ${owner.pid})`;
      throw fault(
        'port-taken',
        `A port is taken: ${ports[name]}/${kind} by ${who}; ${PORTS[name].variable}=<port> moves ours.`,
      );
    }
  }
}

/** @param {Kind} kind @param {number} port @returns {Promise<boolean>} */
function isFree(kind, port) {
  return new Promise((resolve, reject) => {
    const socket = kind === 'udp' ? createSocket('udp4') : createServer();
    socket.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    const bound = () => socket.close(() => resolve(true));
    if ('bind' in socket) socket.bind({ port, address: HOST, exclusive: true }, bound);
    else socket.listen({ port, host: HOST, exclusive: true }, bound);
  });
}

/** Below the ports the kernel gives to outgoing connections, away from ours and from the well-known ones. */
const FREE_FROM = 21_000;
const FREE_TO = 32_000;
const RTP_BLOCK = 600;
const TRIES = 200;

/** Ports nobody uses now, for a stack that lives a few minutes. @returns {Promise<Ports>} */
export async function freePorts() {
  const base = randomInt(FREE_FROM, FREE_TO - RTP_BLOCK);
  const rtpStart = base - (base % 2);
  const rtpEnd = rtpStart + RTP_BLOCK - 1;
  const ports = /** @type {Ports} */ ({ rtpStart, rtpEnd });
  const taken = new Set();
  for (const name of NAMES) {
    if (name in ports) continue;
    ports[name] = await freePort(taken, rtpStart, rtpEnd);
    taken.add(ports[name]);
  }
  return ports;
}

async function freePort(taken, rtpStart, rtpEnd) {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = randomInt(FREE_FROM, FREE_TO);
    if (taken.has(port) || (port >= rtpStart && port <= rtpEnd)) continue;
    if ((await isFree('tcp', port)) && (await isFree('udp', port))) return port;
  }
  throw fault('port-taken', `No free port between ${FREE_FROM} and ${FREE_TO} was found.`);
}
