import { startClinic, type Clinic } from './clinic.ts';
import { testStack } from './stack.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/**
 * A clinic whose every word to and from the exchange goes over a wire that a test can disturb.
 * refuse: the exchange cannot be reached at first, and nobody waits until it can.
 */
export async function startFarClinic(
  env: Record<string, string> = {},
  { refuse = false }: { refuse?: boolean } = {},
): Promise<{ clinic: Clinic; proxy: TcpProxy }> {
  const { hostname, port } = new URL(testStack().ari.url);
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  proxy.refuse(refuse);
  const clinic = await startClinic({
    env: { ARI_URL: `http://127.0.0.1:${proxy.port}`, ...env },
    awaitReady: !refuse,
  });
  return { clinic, proxy };
}
