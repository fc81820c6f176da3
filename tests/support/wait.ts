/**
 * Waits until `condition` holds, asking again every few milliseconds: for what tells nobody when it happens.
 * @throws when it does not hold within `withinMs`.
 */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  withinMs = 10_000,
  everyMs = 15,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`Did not come true within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
