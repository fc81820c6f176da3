import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { projectPath } from '../../src/platform/root.ts';

/** docker-compose.yml as Compose reads it, as far as this file uses Compose. */

export interface Service {
  image: string;
  build?: { context: string; target: string };
  user: string;
  command?: string[];
  env_file?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  tmpfs?: string[];
  secrets?: string[];
  ports?: string[];
  network_mode?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  privileged?: boolean;
  security_opt?: string[];
  restart?: string;
  profiles?: string[];
  healthcheck?: { test: string[]; interval: string; timeout: string };
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
  mem_limit?: string;
  pids_limit?: number;
  logging?: { driver: string; options: Record<string, string> };
}

export interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, { driver_opts?: Record<string, string> } | null>;
  secrets: Record<string, { file: string }>;
}

/** @param settings what stands in `.env` @throws Error naming a variable that must be set and is not */
export function readCompose(settings: Readonly<Record<string, string>> = {}): Compose {
  const text = readFileSync(projectPath('docker-compose.yml'), 'utf8');
  return filledIn(parse(text, { merge: true }), settings) as Compose;
}

function filledIn(value: unknown, settings: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return interpolated(value, settings);
  if (Array.isArray(value)) return value.map((one) => filledIn(one, settings));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filledIn(one, settings)]));
}

function interpolated(text: string, settings: Readonly<Record<string, string>>): string {
  return text.replace(
    /\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind: string | undefined, word: string | undefined) => {
      const set = settings[name] ?? '';
      if (set === '' && kind === '?') throw new Error(`${name} must be set: ${word ?? ''}`);
      return set === '' ? (word ?? '') : set;
    },
  );
}
