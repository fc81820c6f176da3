import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureAsterisk } from '../../src/stack/asterisk-root.mjs';
import { soundsDirOf, startAsterisk, stopAsterisk } from '../../src/stack/asterisk.mjs';
import { cacheDirOf, layoutOf } from '../../src/stack/paths.mjs';
import { startClinic, type Clinic } from './clinic.ts';
import { expectNothingLeft, ari } from './leftovers.ts';
import { freePort } from './ports.ts';
import { testStack, type TestStack } from './stack.ts';

/**
 * A second Asterisk of a test's own, set up for a real trunk by the environment alone: no header makes anyone the trunk.
 * Who is who on it is told by loopback addresses: a test's provider, Kamailio, 137 platform and strangers each have one.
 */

/** Below the ranges of the stacks, a part for each test file that runs at the same time. */
const RTP = { from: 10_000, each: 400, parts: 5 };
const HOST = '127.0.0.1';
const PASSWORD = 'a-password-of-the-second-exchange';

export interface TrunkExchange {
  /** Where its SIP listens, UDP and TCP. */
  host: string;
  port: number;
  tlsPort: number;
  ari: TestStack['ari'];
  /** The application's environment against it. */
  env: Record<string, string>;
  /** What ARI says of an endpoint. */
  endpoint: (name: string) => Promise<{ state: string; channel_ids: string[] }>;
  stop: () => Promise<void>;
}

/** @param environment what a city's engineer would set: TRUNK_…, LEGACY_137_… (src/stack/asterisk-values.mjs) */
export async function startTrunkExchange(environment: Record<string, string>): Promise<TrunkExchange> {
  // Beside the stack of this worker: what another one starts there meanwhile is not an earlier run's.
  const layout = layoutOf(join(dirname(process.env['CLINIC_TEST_STACK'] ?? ''), 'trunk'));
  const rtpStart = RTP.from + RTP.each * (Number(process.env['VITEST_POOL_ID'] ?? 0) % RTP.parts);
  const ports = {
    ...{ rtpStart, rtpEnd: rtpStart + RTP.each - 1, web: 0, postgres: 0, redis: 0 },
    callback: await freePort('udp'),
    sip: await freePort('udp'),
    sipTls: await freePort(),
    asteriskHttp: await freePort(),
    ami: await freePort(),
  };
  const log = () => undefined;
  const { root } = await ensureAsterisk({ cacheDir: cacheDirOf(), logDir: layout.logs, log });
  // What an earlier run has left, its experts too.
  await stopAsterisk(layout);
  rmSync(join(layout.asterisk, 'db'), { recursive: true, force: true });
  cpSync(testStack().asterisk.soundsDir, soundsDirOf(layout), { recursive: true });
  const secrets = { ari: PASSWORD, ami: PASSWORD };
  await startAsterisk({ layout, ports, secrets, root, log, environment });
  const access = { url: `http://${HOST}:${ports.asteriskHttp}`, username: 'clinic', password: PASSWORD };
  return {
    ...{ host: HOST, port: ports.sip, tlsPort: ports.sipTls, ari: access },
    env: {
      ...{ ARI_URL: access.url, ARI_PASSWORD: PASSWORD },
      ...{ AMI_PORT: `${ports.ami}`, AMI_PASSWORD: PASSWORD, SIP_DOMAIN: HOST, SIP_PORT: `${ports.sip}` },
    },
    endpoint: (name) => ari(`/endpoints/PJSIP/${name}`, access),
    stop: async () => void (await stopAsterisk(layout)),
  };
}

export interface TrunkScene {
  exchange: TrunkExchange;
  clinic: Clinic;
  expectNothingLeft: () => Promise<void>;
  close: () => Promise<void>;
}

/** The second Asterisk with an application of its own. */
export async function startTrunkScene(
  environment: Record<string, string>,
  env: Record<string, string> = {},
): Promise<TrunkScene> {
  const exchange = await startTrunkExchange(environment);
  const clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0', ...exchange.env, ...env } }).catch(
    async (error: unknown) => {
      await exchange.stop();
      throw error;
    },
  );
  return {
    ...{ exchange, clinic },
    expectNothingLeft: () => expectNothingLeft(clinic, exchange.ari),
    close: async () => {
      await clinic.close();
      await exchange.stop();
    },
  };
}
