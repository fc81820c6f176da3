import { testStack } from '../../support/stack.ts';
import { ari } from '../../support/leftovers.ts';

/** What a benchmark itself asks of the exchange, past the application. @throws Error for any refusal but those given */
export async function manage(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  unlessStatus: readonly number[] = [],
): Promise<void> {
  const { url, username, password } = testStack().ari;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const answer = await fetch(`${url}/ari${path}`, { method, headers: { authorization } });
  if (!answer.ok && !unlessStatus.includes(answer.status))
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** Ends every call there is. */
export async function hangUpAll(): Promise<void> {
  const channels = await ari<{ id: string }[]>('/channels');
  // 404: gone meanwhile.
  await Promise.all(channels.map(({ id }) => manage('DELETE', `/channels/${encodeURIComponent(id)}`, [404])));
}
