import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { properties } from './config-variables.ts';
import { valueOrFile, type Environment } from './environment.ts';

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
  // Not only for talks: citizens leave messages whatever is recorded, and nothing of theirs may lie here in the clear.
  if (/calls|web|jobs/.test(config.CLINIC_ROLES) && config.RECORDINGS_KEY === '')
    faults.push(`RECORDINGS_KEY is not set (${describeProperty('RECORDINGS_KEY').description})`);
  if (config.SMS_DRIVER === 'kavenegar') {
    if (config.CLINIC_ROLES.includes('jobs') && config.SMS_KAVENEGAR_KEY === '')
      faults.push(`SMS_KAVENEGAR_KEY is not set (${describeProperty('SMS_KAVENEGAR_KEY').description})`);
    if (!/^https?:\/\/[^/]/.test(config.SMS_KAVENEGAR_URL) || !URL.canParse(config.SMS_KAVENEGAR_URL))
      faults.push('SMS_KAVENEGAR_URL is no address of the web');
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
