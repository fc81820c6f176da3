/** Whether Asterisk is up: ARI answers our account, and the manager interface says that every module is loaded. */
import { connect } from 'node:net';

const PATIENCE_MS = 5_000;
const HOST = '127.0.0.1';

/**
 * @param {{ asteriskHttp: number, ami: number }} ports
 * @param {{ ari: string, ami: string }} passwords of the accounts `clinic`
 * @returns {Promise<boolean>} false where nobody answers (yet) or an account is refused
 */
export async function isReady(ports, passwords) {
  return (await ariAnswers(ports.asteriskHttp, passwords.ari)) && (await hasBooted(ports.ami, passwords.ami));
}

async function ariAnswers(port, password) {
  try {
    const response = await fetch(`http://${HOST}:${port}/ari/asterisk/info`, {
      headers: { authorization: `Basic ${Buffer.from(`clinic:${password}`).toString('base64')}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens there yet.
    return false;
  }
}

/** Whoever signs in is told FullyBooted, at once if that is past. */
function hasBooted(port, password) {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ port, host: HOST });
    const end = (booted) => {
      socket.destroy();
      resolve(booted);
    };
    socket.setEncoding('utf8').setTimeout(PATIENCE_MS, () => end(false));
    socket.on('connect', () =>
      socket.write(`Action: Login\r\nUsername: clinic\r\nSecret: ${password}\r\nEvents: system\r\n\r\n`),
    );
    socket.on('data', (text) => {
      heard += text;
      if (heard.includes('Event: FullyBooted')) end(true);
    });
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}
