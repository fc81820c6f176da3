import { Type, type Static, type TProperties } from 'typebox';
import { Value } from 'typebox/value';
import { SPECIALTY_BY_DIGIT } from './calls/specialties.ts';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './staff/rules.ts';
import { valueOrFile, type Environment } from './environment.ts';

/** One environment variable: how it is read, what it means, what it is without being set. */
const string = (description: string, fallback?: string) =>
  Type.String({ description, minLength: 1, ...(fallback === undefined ? {} : { default: fallback }) });
const integer = (description: string, fallback: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: fallback, minimum, maximum });
const flag = (description: string, fallback: boolean) => Type.Boolean({ description, default: fallback });
const optional = (description: string) => Type.String({ description, default: '' });

const properties = {
  DATABASE_URL: string('PostgreSQL, e.g. `postgres://clinic:secret@db/clinic`'),
  REDIS_URL: string('Redis with AOF on and `maxmemory-policy noeviction`', 'redis://127.0.0.1:6437'),
  ARI_URL: string("Asterisk's ARI, without the trailing `/ari`", 'http://127.0.0.1:8188'),
  ARI_USERNAME: string('ARI account', 'clinic'),
  ARI_PASSWORD: optional('ARI password; needed by the roles `calls` and `watch`'),
  AMI_HOST: string("Asterisk's manager interface: host", '127.0.0.1'),
  AMI_PORT: integer("Asterisk's manager interface: port", 5139, 1, 65535),
  AMI_USERNAME: string('AMI account', 'clinic'),
  AMI_PASSWORD: optional('AMI password; needed by the roles `calls` and `watch`'),
  HTTP_HOST: string('Address the web server listens on', '127.0.0.1'),
  HTTP_PORT: integer('Port the web server listens on', 8137, 0, 65535),
  PUBLIC_URL: string('Address under which browsers reach the web server', 'http://127.0.0.1:8137'),
  TRUST_PROXY: Type.String({
    description:
      'Addresses of the proxies in front, comma-separated, whose `X-Forwarded-For` is believed; empty: none',
    default: '',
  }),
  CLINIC_ROLES: Type.String({
    description: 'What this process does, comma-separated: `calls`, `web`, `jobs`, `watch`',
    default: 'calls,web,jobs,watch',
    pattern: '^(calls|web|jobs|watch)(,(calls|web|jobs|watch))*$',
  }),
  CLINIC_TIMEZONE: string('Time zone of the hours', 'Asia/Tehran'),
  CLINIC_NUMBER: Type.String({
    description: "The municipality's short number",
    default: '137',
    pattern: '^[0-9]{2,8}$',
  }),
  CLINIC_OPTION: Type.String({
    description: "The clinic's digit in the number's menu",
    default: '8',
    pattern: '^[0-9]$',
  }),
  CLINIC_AREA_CODE: Type.String({
    description: 'Area code put before eight-digit local numbers, without the 0',
    default: '21',
    pattern: '^[1-9][0-9]{1,2}$',
  }),
  DEFAULT_SPECIALTY: Type.Enum(Object.values(SPECIALTY_BY_DIGIT), {
    description: 'Specialty whose experts take callers who chose none after three prompts',
    default: 'urban-services',
  }),
  MENU_TIMEOUT_SECONDS: integer('Silence after the menu before it is repeated', 6, 1, 60),
  RING_SECONDS: integer("How long one expert's telephone rings before the next is tried", 15, 3, 120),
  WRAP_UP_SECONDS: integer('Time after a talk in which an expert is offered no call', 30, 0, 3600),
  MISSES_BEFORE_PAUSE: integer(
    'Offers in a row an expert may leave unanswered before being paused',
    2,
    1,
    100,
  ),
  MISS_PAUSE_SECONDS: integer('Length of that pause', 300, 5, 86400),
  POSITION_REPEAT_SECONDS: integer('How often a waiting citizen hears the place in the queue', 60, 15, 3600),
  SIP_DOMAIN: string("Host experts' softphones register at", '127.0.0.1'),
  SIP_PORT: integer("Port experts' softphones register at", 5137, 1, 65535),
  SIP_WS_URL: string('SIP over WebSocket address for browser softphones', 'ws://127.0.0.1:8188/ws'),
  SIP_REALM: string("Digest realm; part of every softphone's stored secret, never change it later", 'clinic'),
  RECORDINGS_DIR: string('Folder in which imported voice messages are kept', '.local/recordings'),
  SESSION_HOURS: integer('How long a sign-in lasts', 12, 1, 720),
  SECOND_FACTOR_REQUIRED: flag('Supervisors and above need a one-time code to sign in', true),
  FIRST_ADMIN_PASSWORD: Type.String({
    description:
      'Password of the account `admin`, which a start that finds no account at all makes; empty: none is made',
    default: '',
    pattern: `^(.{${PASSWORD_MIN_LENGTH},${PASSWORD_MAX_LENGTH}})?$`,
  }),
  FIRST_ADMIN_OTP_SECRET: Type.String({
    description: "That account's secret for one-time codes, base 32 of 20 bytes or more",
    default: '',
    pattern: '^([A-Z2-7]{32,128}=*)?$',
  }),
  GUESSES_BEFORE_BLOCK: integer(
    'Wrong SIP passwords from one address within ten minutes before it is blocked; never where an expert signed in within 30 days',
    10,
    3,
    1000,
  ),
  PROBES_BEFORE_BLOCK: integer(
    'SIP requests without a password from one such address within a minute before it is blocked',
    60,
    10,
    100_000,
  ),
  BLOCK_SECONDS: integer(
    'Length of the first block; each repetition within a day takes twice as long, at most a day',
    300,
    1,
    86_400,
  ),
  NEVER_BLOCK: Type.String({
    description:
      'Addresses and networks never blocked, comma-separated: the proxy that browsers come through, trunks, offices',
    default: '127.0.0.1,::1',
    pattern: '^$|^[0-9A-Fa-f.:]+(/[0-9]{1,3})?(,[0-9A-Fa-f.:]+(/[0-9]{1,3})?)*$',
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
    description: 'Least severe log level that is written',
    default: 'info',
  }),
} satisfies TProperties;

const schema = Type.Object(properties);

export type Config = Readonly<Static<typeof schema>>;
export type Role = 'calls' | 'web' | 'jobs' | 'watch';

export class ConfigError extends Error {
  readonly code = 'config-invalid';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The configuration is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads the environment once, as a whole. Every variable may also come as a file, named by `<variable>_FILE`.
 * @throws ConfigError naming every fault at once.
 */
export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const given: Record<string, string> = {};
  for (const name of Object.keys(properties)) {
    const value = valueOrFile(environment, name, faults);
    if (value !== undefined && value !== '') given[name] = value;
  }
  const value = Value.Convert(schema, Value.Default(schema, given)) as Static<typeof schema>;
  faults.push(...Value.Errors(schema, value).map((error) => describe(error)), ...disagreements(value));
  if (faults.length > 0) throw new ConfigError([...new Set(faults)]);
  return Object.freeze(value);
}

/** What no variable can say by itself. Values may be of the wrong form here; that is told besides. */
function disagreements(config: Static<typeof schema>): string[] {
  const faults: string[] = [];
  // A process that only serves the web, the one strangers reach, need not know how to command the exchange.
  if (/calls|watch/.test(config.CLINIC_ROLES)) {
    for (const name of ['ARI_PASSWORD', 'AMI_PASSWORD'] as const)
      if (config[name] === '') faults.push(`${name} is not set (${describeProperty(name).description})`);
  }
  if (
    config.FIRST_ADMIN_PASSWORD !== '' &&
    config.SECOND_FACTOR_REQUIRED &&
    config.FIRST_ADMIN_OTP_SECRET === ''
  )
    faults.push(
      'FIRST_ADMIN_OTP_SECRET is not set: with SECOND_FACTOR_REQUIRED the first admin could not sign in',
    );
  return faults;
}

export function roles(config: Config): ReadonlySet<Role> {
  return new Set(config.CLINIC_ROLES.split(',') as Role[]);
}

function describe(error: {
  keyword: string;
  instancePath: string;
  message: string;
  params: unknown;
}): string {
  if (error.keyword === 'required') {
    const missing = (error.params as { requiredProperties: string[] }).requiredProperties;
    return missing.map((name) => `${name} is not set (${describeProperty(name).description})`).join('\n  - ');
  }
  const name = error.instancePath.slice(1);
  return `${name} ${error.message}`;
}

interface Described {
  description: string;
  default?: string | number | boolean;
}

function shownDefault(fallback: string | number | boolean | undefined): string {
  if (fallback === undefined) return '**required**';
  return fallback === '' ? '(empty)' : `\`${String(fallback)}\``;
}

function describeProperty(name: string): Described {
  return (properties as Record<string, unknown>)[name] as Described;
}

/** The README's table, one row a variable, generated so that it cannot lie. */
export function configTable(): string {
  const rows = Object.keys(properties).map((name) => {
    const { description, default: fallback } = describeProperty(name);
    return `| \`${name}\` | ${shownDefault(fallback)} | ${description} |`;
  });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
