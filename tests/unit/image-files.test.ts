import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { readCompose, type Service } from '../support/compose.ts';
import { isInContext, readDockerfile, type Stage } from '../support/dockerfile.ts';

/** What must hold for docker-compose.yml and the Dockerfile whoever changes them. That they work: tests/line/image.test.ts. */

const settings = { PUBLIC_URL: 'https://clinic.test', SIP_DOMAIN: 'sip.test', TRUNK_MATCH: '192.0.2.1' };
const compose = readCompose(settings);
const services = Object.entries(compose.services);
const stages = readDockerfile();
/** Begin, do one thing and end. */
const ONE_SHOT = ['exchange', 'backup'];
const each = (check: (service: Service, name: string) => void) => () =>
  services.forEach(([name, service]) => check(service, name));

describe('every service', () => {
  it(
    'has no rights it does not need',
    each((service, name) => {
      expect(service.user, name).toMatch(/^[1-9][0-9]*:[1-9][0-9]*$/);
      expect(service.read_only, name).toBe(true);
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect([service.cap_add, service.privileged], name).toEqual([undefined, undefined]);
      expect(service.security_opt, name).toContain('no-new-privileges:true');
      expect(service.volumes?.join() ?? '', name).not.toContain('docker.sock');
    }),
  );

  it(
    'is kept up and watched, within bounds, and its log too',
    each((service, name) => {
      const lasting = !ONE_SHOT.includes(name);
      if (lasting) expect(service.restart, name).toBe('unless-stopped');
      if (lasting) expect(service.healthcheck?.test[0], name).toMatch(/^CMD/);
      if (lasting) expect(Number.parseInt(service.stop_grace_period ?? '0'), name).toBeGreaterThanOrEqual(30);
      expect([service.mem_limit, service.pids_limit].includes(undefined), name).toBe(false);
      expect(service.logging?.options['max-size'], name).toMatch(/^[0-9]+m$/);
    }),
  );

  it(
    'gets its secrets as files and names none in its environment',
    each((service, name) => {
      for (const [variable, value] of Object.entries(service.environment ?? {})) {
        const isSecret = /PASSWORD|SECRET|TOKEN|RECORDINGS_KEY|DATABASE_URL/.test(variable);
        if (isSecret) expect([variable, value].join('='), name).toMatch(/_FILE=\/run\/secrets\/[a-z_]+$/);
        if (isSecret) expect(service.secrets, name).toContain(value.split('/').at(-1));
        expect(value, `${name} ${variable}`).not.toMatch(/:\/\/[^/]*:[^/]*@/);
      }
      for (const secret of service.secrets ?? []) expect(compose.secrets[secret], secret).toBeDefined();
    }),
  );

  it(
    'comes from an image of a named version, ours from a stage of the Dockerfile',
    each((service, name) => {
      if (service.build !== undefined) expect(stages.has(service.build.target), name).toBe(true);
      else expect(service.image, name).toMatch(/:[0-9]+(\.[0-9]+)*-[a-z]+$/);
    }),
  );

  it(
    'keeps what it writes in a volume that is declared, or in memory',
    each((service, name) => {
      for (const line of service.volumes ?? []) {
        const [source = ''] = line.split(':');
        if (source.startsWith('./')) expect(line, name).toMatch(/:ro$/);
        else expect(source in compose.volumes, `${name} ${source}`).toBe(true);
      }
    }),
  );
});

describe('the network', () => {
  it('is reached by Asterisk and by the web alone; the web has no port but on this machine', () => {
    const published = services.flatMap(([name, service]) =>
      (service.ports ?? []).map((port) => [name, port]),
    );
    expect(published).toEqual([['web', '127.0.0.1:8137:8137']]);
    const modes = Object.fromEntries(
      services.map(([name, service]) => [name, service.network_mode ?? 'own']),
    );
    expect(modes).toEqual({
      ...{ postgres: 'none', redis: 'none', exchange: 'none', backup: 'none' },
      ...{ asterisk: 'host', calls: 'host', watch: 'host', web: 'own' },
    });
  });

  it('of the machine sees ARI, AMI and the probes on loopback only', () => {
    expect(compose.services['exchange']?.environment?.['ASTERISK_CONTROL_ADDRESS']).toBe('127.0.0.1');
    for (const name of ['calls', 'watch'])
      expect(compose.services[name]?.environment?.['HTTP_HOST'], name).toBe('127.0.0.1');
  });

  it('shows the web neither the exchange nor its passwords', () => {
    const { environment = {}, secrets } = compose.services['web']!;
    expect(environment['CLINIC_ROLES']).toBe('web,jobs');
    expect(Object.keys(environment).filter((name) => /^A[RM]I_PASSWORD/.test(name))).toEqual([]);
    expect(secrets?.filter((name) => /^a[rm]i/.test(name))).toEqual([]);
  });
});

describe('the roles', () => {
  it('are all there, each in one service: only one process may own the exchange', () => {
    const roles = services.flatMap(([, { environment }]) => environment?.['CLINIC_ROLES']?.split(',') ?? []);
    expect(roles.sort()).toEqual(['calls', 'jobs', 'watch', 'web']);
  });

  it('need a running PostgreSQL and Redis, and Asterisk a finished configuration', () => {
    for (const name of ['calls', 'watch', 'web'])
      expect(compose.services[name]?.depends_on, name).toEqual({
        ...{ postgres: { condition: 'service_healthy' }, redis: { condition: 'service_healthy' } },
      });
    expect(compose.services['asterisk']?.depends_on).toEqual({
      exchange: { condition: 'service_completed_successfully' },
    });
  });

  it('find Redis as the queue needs it', () => {
    const command = compose.services['redis']!.command!.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
  });
});

describe('settings', () => {
  it('that nobody can guess are asked for, one and all', () => {
    for (const name of Object.keys(settings))
      expect(() => readCompose({ ...settings, [name]: '' })).toThrow(name);
  });

  it('that the file asks for are all in the example', () => {
    const example = readFileSync(projectPath('src/stack/image/example.env'), 'utf8');
    const named = [...example.matchAll(/^#?([A-Z0-9_]+)=/gm)].map(([, name]) => name);
    const text = readFileSync(projectPath('docker-compose.yml'), 'utf8');
    const asked = new Set([...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => name));
    expect([...asked].filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe('the Dockerfile', () => {
  const steps = [...stages.values()].flatMap((stage) => stage.steps.map((step) => ({ stage, step })));

  it('takes only what is there and in the context, or from a stage before', () => {
    const before = new Set<string>();
    for (const { stage, step } of steps) {
      if (step.keyword === 'COPY') {
        const from = step.flags['from'];
        if (from !== undefined) expect(before.has(from), `line ${step.line}`).toBe(true);
        else
          for (const source of step.words.slice(0, -1)) {
            expect(existsSync(projectPath(source)), `line ${step.line}: ${source}`).toBe(true);
            expect(isInContext(source), `line ${step.line}: ${source}`).toBe(true);
          }
      }
      before.add(stage.name);
    }
  });

  it('runs programs and scripts of the checkout, and nothing fetched on the way', () => {
    for (const { step } of steps.filter(({ step: { keyword } }) => keyword === 'RUN')) {
      const line = step.words.join(' ');
      expect(line, `line ${step.line}`).toMatch(
        /^(npm (ci|run|prune) |sh \S+\.sh |node src\/|install -d |dpkg --compare)/,
      );
      const script = /^(?:sh|node) (\S+)/.exec(line)?.[1];
      if (script === undefined) continue;
      const path = script.startsWith('/srv/')
        ? join('src/stack/image', script.slice('/srv/'.length))
        : script;
      expect(existsSync(projectPath(path)), `line ${step.line}: ${path}`).toBe(true);
    }
  });

  it('builds on named versions and leaves every image that runs to an account without rights', () => {
    for (const { image, name, steps: own } of stages.values()) {
      expect(image, name).toMatch(/^(node:24-trixie-slim|debian:forky-slim|postgres:17-trixie)$/);
      const runs = own.some(({ keyword }) => keyword === 'CMD');
      if (runs) expect(lastUser(own), name).toMatch(/^[1-9][0-9]*:[1-9][0-9]*$/);
      const service = services.find(([, { build }]) => build?.target === name)?.[1];
      if (runs) expect(service?.user, name).toBe(lastUser(own));
    }
    expect(compose.services['postgres']?.image).toBe(stages.get('backup')?.image);
  });

  it('is given no secret, no state and no history', () => {
    for (const path of ['secrets', 'secrets/ari_password', '.env', '.local', '.git', 'node_modules', 'tests'])
      expect(isInContext(path), path).toBe(false);
    expect(isInContext('dialplan/prompts/recordings/clinic/menu.wav')).toBe(false);
    expect(isInContext('dialplan/prompts/fa.json')).toBe(true);
  });
});

const lastUser = (steps: Stage['steps']): string | undefined =>
  steps.filter(({ keyword }) => keyword === 'USER').at(-1)?.words[0];

describe('the scripts of the images', () => {
  it('may be run as they are', () => {
    const folder = projectPath('src/stack/image');
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.sh'));
    expect(scripts.length).toBeGreaterThan(0);
    for (const name of scripts) {
      expect(statSync(join(folder, name)).mode & 0o111, name).toBe(0o111);
      expect(readFileSync(join(folder, name), 'utf8'), name).toMatch(/^#!\/bin\/sh\n/);
    }
  });
});
