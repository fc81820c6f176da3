import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The gateway as it speaks on the wire: what it was sent, what it took, and whatever may go wrong on the way. */

export interface Gateway {
  url: string;
  key: string;
  /** Every request for a message, taken or not. */
  asked: Asked[];
  /** What it has taken and would send. */
  taken: Asked[];
  /** Questions after a message of ours. */
  lookedFor: string[];
  /** What happens to the next requests for messages, one after another; afterwards all are taken. */
  next(...answers: Answer[]): void;
  /** The same for questions after a message. */
  nextLook(...answers: Answer[]): void;
  close(): Promise<void>;
}

export interface Asked {
  receptor: string;
  message: string;
  localid: string;
  sender: string | null;
}

/**
 * A number: refused with this `return.status`. page: a proxy's own page with this status of HTTP. hang: never answered. cut:
 * the connection is lost. The `taken-…`: after the message was taken; half: the answer stops in the middle.
 */
export type Answer = number | { page: number } | 'hang' | 'cut' | 'taken-hang' | 'taken-cut' | 'taken-half';

const KEY = '4F6E654B6579';

export async function startGateway(): Promise<Gateway> {
  const [asked, taken, lookedFor]: [Asked[], Asked[], string[]] = [[], [], []];
  const answers: Answer[] = [];
  const looks: Answer[] = [];
  let serial = 8_792_343;
  const ids = new Map<string, number>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields = new URLSearchParams(await bodyOf(request));
    const [, key = '', method = ''] = /^\/v1\/([^/]*)\/(.*)\.json$/.exec(request.url ?? '') ?? [];
    if (decodeURIComponent(key) !== KEY) return refuse(response, 403);
    if (request.method !== 'POST') return refuse(response, 405);
    if (method === 'sms/statuslocalmessageid') return look(fields.get('localid') ?? '', response);
    if (method !== 'sms/send') return refuse(response, 404);
    send(fields, response);
  }

  function send(fields: URLSearchParams, response: ServerResponse): void {
    const one = {
      ...{ receptor: fields.get('receptor') ?? '', message: fields.get('message') ?? '' },
      ...{ localid: fields.get('localid') ?? '', sender: fields.get('sender') },
    };
    asked.push(one);
    const answer = answers.shift();
    if (answer !== undefined && typeof answer !== 'string') return refuse(response, answer);
    if (answer !== 'hang' && answer !== 'cut') {
      taken.push(one);
      ids.set(one.localid, ++serial);
    }
    if (answer === 'cut' || answer === 'taken-cut') return void response.destroy();
    if (answer === 'taken-half')
      return void response.writeHead(200, { 'content-length': '500' }).write('{"return":{"status":200');
    if (answer !== undefined) return;
    const { receptor, message, sender } = one;
    const entry = { messageid: serial, message, status: 1, statustext: 'در صف ارسال', sender, receptor };
    tell(response, 200, 'تایید شد', [{ ...entry, date: 1_356_619_709, cost: 120 }]);
  }

  function look(localid: string, response: ServerResponse): void {
    lookedFor.push(localid);
    const answer = looks.shift();
    if (answer !== undefined && typeof answer !== 'string') return refuse(response, answer);
    if (answer !== undefined) return void response.destroy();
    const messageid = ids.get(localid);
    const [status, statustext] =
      messageid === undefined ? [100, 'شناسه نامعتبر است'] : [10, 'رسیده به گیرنده'];
    tell(response, 200, 'تایید شد', [{ messageid: messageid ?? 0, localid, status, statustext }]);
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, key: KEY, asked, taken, lookedFor },
    next: (...more) => void answers.push(...more),
    nextLook: (...more) => void looks.push(...more),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As the gateway does it: the status of HTTP is the one of the document. */
function refuse(response: ServerResponse, answer: number | { page: number }): void {
  if (typeof answer === 'number') return tell(response, answer, 'خطا', null);
  response.writeHead(answer.page, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>');
}

function tell(response: ServerResponse, status: number, message: string, entries: object[] | null): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ return: { status, message }, entries }));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
