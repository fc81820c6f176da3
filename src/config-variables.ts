import { Type, type TProperties } from 'typebox';
import { SPECIALTY_BY_DIGIT } from './calls/specialties.ts';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './staff/rules.ts';

/** One environment variable: how it is read, what it means, what it is without being set. */
const string = (description: string, fallback?: string) =>
  Type.String({ description, minLength: 1, ...(fallback === undefined ? {} : { default: fallback }) });
const integer = (description: string, fallback: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: fallback, minimum, maximum });
const flag = (description: string, fallback: boolean) => Type.Boolean({ description, default: fallback });
/** 0: kept for good. */
const days = (description: string, fallback = 90) =>
  integer(`${description}, unless a case is open; 0: never`, fallback, 0, 36_500);
/** 32 bytes in base 64. */
const SOUND_KEY = '[A-Za-z0-9+/]{43}=';
const optional = (description: string) => Type.String({ description, default: '' });

/** Every variable there is; the README shows them in this order. */
export const properties = {
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
  CLINIC_STANDBY: flag(
    'The role `calls` of this process waits until no other has the exchange, and takes over then',
    false,
  ),
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
  SAME_EXPERT_SECONDS: integer(
    'After a talk that broke off, how long only the same expert is asked, if back; 0: anybody at once',
    20,
    0,
    120,
  ),
  CLOSING_NOTICE_MINUTES: integer(
    'From how long before the end of the hours on those hear of it whom nobody will reach before',
    60,
    0,
    1440,
  ),
  CLOSING_GRACE_SECONDS: integer(
    'How long after the end of the hours those who wait are still served, before they are promised a call back',
    900,
    0,
    14_400,
  ),
  SAME_EXPERT_DAYS: integer(
    'A citizen who comes back within so many days is offered to the expert of the last talk first, for as long as that, if at work; 0: to anybody',
    0,
    0,
    365,
  ),
  QUEUE_CAP: integer(
    'Citizens who may wait for one specialty; who comes then is offered a call back or a message at once; 0: as many as come',
    0,
    0,
    10_000,
  ),
  LEVEL_STEP_SECONDS: integer(
    'How long a citizen waits before an expert is asked who is one level below the best at work; two levels: twice as long; 0: at once',
    30,
    0,
    3600,
  ),
  EQUITY_BOUND_SECONDS: integer(
    'How long a citizen waits before going before older ones of specialties that have had more than their share; 0: no such bound',
    120,
    0,
    3600,
  ),
  EARLIER_WAIT_HOURS: integer(
    'What a citizen waited in vain within so many hours for the same specialty is a head start in its queue; 0: none',
    24,
    0,
    720,
  ),
  EARLIER_WAIT_LONGEST_SECONDS: integer('How long that head start is at most', 600, 0, 3600),
  SURVEY_ENABLED: flag(
    'Citizens who stay when the expert has hung up are asked for a mark from 1 to 5',
    true,
  ),
  SURVEY_MIN_TALK_SECONDS: integer('After a shorter talk they are not asked', 10, 0, 3600),
  SIP_DOMAIN: string("Host experts' softphones register at", '127.0.0.1'),
  SIP_PORT: integer("Port experts' softphones register at", 5137, 1, 65535),
  SIP_WS_URL: string('SIP over WebSocket address for browser softphones', 'ws://127.0.0.1:8188/ws'),
  SIP_REALM: string("Digest realm; part of every softphone's stored secret, never change it later", 'clinic'),
  RECORDINGS_DIR: string('Folder in which messages and talks are kept, encrypted', '.local/recordings'),
  RECORDINGS_KEY: Type.String({
    description:
      'Key of these, 32 bytes in base 64 (`openssl rand -base64 32`); needed by the roles `calls`, `web` and `jobs`',
    default: '',
    pattern: `^(${SOUND_KEY})?$`,
  }),
  RECORDINGS_OLD_KEYS: Type.String({
    description: 'Keys before it, comma-separated: what was encrypted with them can still be heard',
    default: '',
    pattern: `^(${SOUND_KEY}(,${SOUND_KEY})*)?$`,
  }),
  RECORD_TALKS: flag('Talks are recorded, and citizens are told so before', false),
  RECORDING_PAUSE_SECONDS: integer(
    'After this time the recording of a talk that was paused goes on by itself',
    120,
    1,
    3600,
  ),
  KEEP_TALKS_DAYS: days('Days after which recorded talks are erased'),
  KEEP_MESSAGES_DAYS: days("The same of citizens' spoken messages", 365),
  KEEP_NUMBERS_DAYS: days("The same of citizens' telephone numbers, wherever they stand", 730),
  KEEP_NOTES_DAYS: days('The same of what was noted of calls and in cases', 730),
  CASE_ACKNOWLEDGE_HOURS: integer('Working hours within which somebody takes a case up', 1, 1, 1000),
  CASE_ANSWER_HOURS: integer('Working hours within which a person answers the citizen', 8, 1, 1000),
  CASE_RESOLVE_HOURS: integer('Working hours within which a case is closed', 40, 1, 1000),
  CASE_ESCALATE_PERCENT: integer('How much of these may pass before the case is escalated', 80, 1, 100),
  CALLBACK_TRUNK: Type.String({
    description:
      "The exchange's trunk (endpoint) by which citizens are called back, e.g. `trunk-137`; empty: nobody is, staff do it",
    default: '',
    pattern: '^[A-Za-z0-9_-]*$',
  }),
  CALLBACK_DESTINATIONS: Type.String({
    description:
      'Beginnings of E.164 numbers that may be dialled, comma-separated; with `!` before it: may not. Default: Iran, without premium numbers',
    default: '+98,!+98909',
    pattern: '^!?\\+[1-9][0-9]{0,14}(,!?\\+[1-9][0-9]{0,14})*$',
  }),
  CALLBACK_NUMBER_FORM: Type.Enum(['national', 'international'], {
    description: 'How the trunk wants numbers: `09121234567` (abroad `00…`) or `+989121234567`',
    default: 'national',
  }),
  CALLBACK_ATTEMPTS: integer('How often a citizen is called who does not answer', 3, 1, 20),
  CALLBACK_RING_SECONDS: integer("How long the citizen's telephone rings", 30, 5, 120),
  CALLBACK_BUSY_MINUTES: integer('After a busy line, when to call again', 10, 0, 1440),
  CALLBACK_RETRY_HOURS: integer(
    'After the first call without an answer; later ones follow a day later',
    3,
    0,
    72,
  ),
  CALLBACK_POSTPONE_HOURS: integer('When to call again whom it does not suit now', 2, 1, 72),
  CALLBACK_ABANDONED: flag('Citizens who gave up waiting are called back as well', true),
  CALLBACK_ABANDONED_MINUTES: integer(
    'How long after giving up, or being cut off by a fault of ours; many dial again by themselves',
    10,
    0,
    1440,
  ),
  SMS_DRIVER: Type.Enum(['table', 'kavenegar'], {
    description:
      'How texts to citizens leave: by the gateway Kavenegar, or not at all (`table`: they are only written down)',
    default: 'table',
  }),
  SMS_KAVENEGAR_URL: string("The gateway's address", 'https://api.kavenegar.com'),
  SMS_KAVENEGAR_KEY: optional("The account's key at the gateway; needed by the role `jobs`"),
  SMS_SENDER: Type.String({
    description: "Line the texts are sent from; empty: the account's own",
    default: '',
    pattern: '^[0-9+]{0,20}$',
  }),
  SMS_QUIET_FROM_HOUR: integer(
    'From this hour of the day on citizens are texted only what answers their own call',
    22,
    0,
    23,
  ),
  SMS_QUIET_UNTIL_HOUR: integer('Until this hour; the same as the other: at any hour', 8, 0, 23),
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
