import type { Log } from '../log.ts';
import { AsteriskFault, brief } from './faults.ts';
import { ariClient, swaggerClient, type AriClient, type SwaggerExchange } from './libraries.ts';
import type { Transport } from './transport.ts';
import { safeArguments } from './values.ts';

/** Every operation of ARI that we use, as Asterisk's own description names them. */
const OPERATIONS = [
  'applications.filter',
  'applications.subscribe',
  'asterisk.deleteObject',
  'asterisk.getInfo',
  'asterisk.getObject',
  'asterisk.setGlobalVar',
  'asterisk.updateObject',
  'bridges.addChannel',
  'bridges.createWithId',
  'bridges.destroy',
  'bridges.list',
  'bridges.removeChannel',
  'channels.answer',
  'channels.continueInDialplan',
  'channels.getChannelVar',
  'channels.hangup',
  'channels.list',
  'channels.move',
  'channels.originateWithId',
  'channels.playWithId',
  'channels.record',
  'channels.setChannelVars',
  'channels.snoopChannelWithId',
  'channels.startMoh',
  'channels.stopMoh',
  'endpoints.listByTech',
  'events.userEvent',
  'playbacks.get',
  'playbacks.stop',
  'recordings.deleteStored',
  'recordings.getLive',
  'recordings.getStoredFile',
  'recordings.listStored',
  'recordings.pause',
  'recordings.unpause',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** ARI through ari-client: its operations, made from the description that the running Asterisk publishes. */
export interface Api {
  /**
   * Reads the description, if that has not been done yet.
   * @throws AsteriskFault also `ari-operation-missing`.
   */
  load: () => Promise<void>;
  /** @throws AsteriskFault; `link-down` before `load` has succeeded. */
  call: (operation: Operation, args?: Record<string, unknown>) => Promise<unknown>;
  close: () => void;
}

export interface ApiSettings {
  origin: string;
  username: string;
  password: string;
  transport: Transport;
  log: Log;
}

/**
 * ari-client's HTTP has no time-outs, loses the status of a refusal and ends the process when the description cannot be
 * read. All of it goes through one function of swagger-client; that function is ours. Measured, this is no slower than
 * leaving ari-client out: what was slow was the HTTP client below it.
 */
export function createApi({ origin, username, password, transport, log }: ApiSettings): Api {
  const link = { origin, transport, log };
  register(link);
  let client: AriClient | null = null;

  async function load(): Promise<void> {
    if (client !== null) return;
    let loaded: AriClient;
    try {
      loaded = await ariClient.connect(origin, username, password);
    } catch (error) {
      throw asFault(error, 'reading the description of ARI failed');
    }
    const missing = OPERATIONS.filter((name) => find(loaded, name) === undefined);
    if (missing.length > 0) {
      const message = `this Asterisk has no ${missing.join(', ')}; 22.10.1 or later is needed`;
      throw new AsteriskFault('ari-operation-missing', message);
    }
    client = loaded;
  }

  async function call(operation: Operation, args: Record<string, unknown> = {}): Promise<unknown> {
    const run = client === null ? undefined : find(client, operation);
    if (run === undefined) throw new AsteriskFault('link-down', `${operation}: Asterisk was not reached yet`);
    safeArguments(args);
    try {
      return await run(args);
    } catch (error) {
      throw asFault(error, operation);
    }
  }

  return { load, call, close: () => unregister(link) };
}

function find(
  client: AriClient,
  operation: string,
): ((args: Record<string, unknown>) => PromiseLike<unknown>) | undefined {
  const [resource = '', name = ''] = operation.split('.');
  return client[resource]?.[name];
}

/** swagger-client throws and rejects with plain texts, too. */
function asFault(error: unknown, doing: string): AsteriskFault {
  if (error instanceof AsteriskFault) return error;
  if (typeof error === 'string' && error.endsWith('is a required path param.'))
    return new AsteriskFault('value-refused', `${doing}: ${error}`);
  return new AsteriskFault('ari-reply-invalid', `${doing}: ${brief(error)}`, { cause: error });
}

interface Registered {
  origin: string;
  transport: Transport;
  log: Log;
}

/** swagger-client has one HTTP for the whole process; the origin tells whose request it is, the newest owner first. */
const registered: Registered[] = [];
function register(link: Registered): void {
  registered.unshift(link);
  swaggerClient.SwaggerHttp.prototype.execute = execute;
}
function unregister(link: Registered): void {
  registered.splice(registered.indexOf(link), 1);
}

function execute(exchange: SwaggerExchange): void {
  const owner = registered.find(({ origin }) => exchange.url.startsWith(`${origin}/`));
  if (owner === undefined) return fail(exchange, new AsteriskFault('link-down', 'the link was closed'), null);
  const path = exchange.url.slice(owner.origin.length);
  owner.transport.send(exchange.method.toUpperCase(), path, exchange.body).then(
    (data) => {
      try {
        const reply = { status: 200, data };
        exchange.on.response(
          path.startsWith(DOCS) ? { ...reply, obj: description(data, owner.origin) } : reply,
        );
      } catch (error) {
        fail(exchange, error, owner.log);
      }
    },
    (error: unknown) => fail(exchange, error, owner.log),
  );
}

function fail(exchange: SwaggerExchange, error: unknown, log: Log | null): void {
  try {
    exchange.on.error(error);
  } catch (thrown) {
    // While reading the description swagger-client throws after it has told its caller; that one knows already.
    log?.debug({ fault: brief(error), thrown: brief(thrown) }, 'description.failed');
  }
}

const DOCS = '/ari/api-docs/';

/**
 * Where the operations are is told by us: Asterisk names its own host, which is not ours behind a proxy. It calls its
 * form 1.1, upon which swagger-client prints a notice; its form for 1.2 reads the same.
 */
function description(data: Uint8Array, origin: string): unknown {
  const read = JSON.parse(Buffer.from(data).toString('utf8')) as Record<string, unknown>;
  return { ...read, swaggerVersion: '1.2', basePath: `${origin}/ari` };
}
