/** Whether Asterisk is up: its manager interface says so itself, once every module is loaded. */
import { connect } from 'node:net';
import { HOST } from './ports.mjs';

const PATIENCE_MS = 5_000;

/**
 * @param {number} port of the manager interface
 * @param {string} password
 * @returns {Promise<boolean>} false where nobody answers (yet), or the login is refused
 */
export function whenBooted(port, password) {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, HOST, () => {
      socket.write(`Action: Login\r\nUsername: clinic\r\nSecret: ${password}\r\nEvents: on\r\n\r\n`);
    });
    const finish = (booted) => {
      resolve(booted);
      socket.destroy();
    };
    socket.setTimeout(PATIENCE_MS, () => finish(false));
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      heard += text;
      if (heard.includes('Event: FullyBooted')) finish(true);
    });
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
  });
}
