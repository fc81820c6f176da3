import { readFileSync } from 'node:fs';

/** What stands in the file CLINIC_TEST_STACK names: where everything of the tests' own stack is. */
export interface TestStack {
  postgres: { url: string };
  redis: { port: number; url?: string };
  sip: {
    /** What a caller sends to be taken for the 137 trunk. */
    trunk: { host: string; port: number; headers: Record<string, string> };
    callbackTarget: string;
    callbackTrunk: string;
  };
  ari: { url: string; username: string; password: string };
  ami: { host: string; port: number; username: string; password: string };
  asterisk: {
    soundsDir: string;
    spoolDir: string;
    etcDir: string;
    logDir: string;
    tlsCertificate: string;
  };
  ports: { sipTls: number };
  processes: { asterisk?: number; postgres?: number; redis?: number };
  /** The application's environment against this stack. */
  env: Record<string, string>;
}

/** The stack `npm test` has started. @throws Error when there is none: the tests need real parts. */
export function testStack(): TestStack {
  const path = process.env['CLINIC_TEST_STACK'];
  if (path === undefined || path === '') {
    throw new Error('There is no test stack (CLINIC_TEST_STACK is not set): run npm test');
  }
  const stack = JSON.parse(readFileSync(path, 'utf8')) as TestStack;
  const missing = (['postgres', 'redis', 'sip', 'ari', 'ami', 'asterisk', 'env'] as const).filter(
    (part) => stack[part] === undefined,
  );
  if (missing.length > 0) throw new Error(`${path} does not describe ${missing.join(', ')}: run npm test`);
  return stack;
}
