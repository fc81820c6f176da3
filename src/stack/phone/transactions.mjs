/**
 * SIP transactions over UDP (RFC 3261 section 17, with RFC 6026's waiting after a 2xx): what is sent again until it is
 * answered, and what is answered again when it comes twice.
 *
 * @typedef {import('./sip.mjs').SipRequest} SipRequest
 * @typedef {import('./sip.mjs').SipResponse} SipResponse
 * @typedef {{ host: string, port: number }} Address
 *
 * What the layer above gives and gets:
 * @typedef {{
 *   send: (message: import('./sip.mjs').SipMessage, to: Address) => void,
 *   sentBy: () => Address,
 *   onRequest: (request: SipRequest, transaction: ServerTransaction) => void,
 *   onAck: (request: SipRequest) => void,
 * }} Upper
 * @typedef {{ onProvisional?: (response: SipResponse) => void, onFinal: (response: SipResponse) => void }} ClientHandlers
 *   onFinal is called exactly once; without any answer with a 408 of our own making (`local: true`).
 * @typedef {{
 *   request: SipRequest,
 *   respond: (response: SipResponse) => void,
 *   acknowledged: () => void,
 *   onCancel: () => void,
 *   onUnacknowledged: () => void,
 *   answered: boolean,
 *   ignored: boolean,
 * }} ServerTransaction
 *   acknowledged: the ACK of a 2xx came (it belongs to the dialog, so the dialog tells). ignored: nothing is answered.
 */
import { receiveResponse, startClient } from './client-transactions.mjs';
import { receiveRequest } from './server-transactions.mjs';

/** @param {Upper} upper */
export function createTransactions(upper) {
  const layer = { upper, clients: new Map(), servers: new Map(), timers: new Set(), closed: false };
  return {
    /**
     * Sends a request and sees to its answer.
     * @param {SipRequest} request without Via: it is put on here
     * @param {Address} to
     * @param {ClientHandlers} handlers
     */
    send: (request, to, handlers) => startClient(layer, request, to, handlers),
    /** @param {SipResponse} response */
    receiveResponse: (response) => receiveResponse(layer, response),
    /**
     * @param {SipRequest} request
     * @param {Address} from
     */
    receiveRequest: (request, from) => receiveRequest(layer, request, from),
    /** Ends every timer; nothing is sent any more. */
    close() {
      layer.closed = true;
      for (const timer of layer.timers) clearTimeout(timer);
      layer.timers.clear();
      layer.clients.clear();
      layer.servers.clear();
    },
  };
}
