/**
 * One call's serial inbox: events are handled one after another, whatever they wait for in between. What handling an
 * event brings about at once (`reply`) comes before anything that arrived in the meantime.
 */
export interface Inbox<E> {
  post(event: E): void;
  /** Resolves when nothing is left to handle. */
  idle(): Promise<void>;
  busy(): boolean;
}

export function createInbox<E>(
  handle: (event: E, reply: (event: E) => void) => Promise<void>,
  onFault: (fault: unknown, event: E) => void,
): Inbox<E> {
  const queue: E[] = [];
  let running: Promise<void> | null = null;
  // Set before the first event is handled: handling may post at once, before `running` is known.
  let draining = false;

  async function drain(): Promise<void> {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const replies: E[] = [];
      try {
        await handle(event, (reply) => replies.push(reply));
      } catch (fault) {
        onFault(fault, event);
      }
      queue.unshift(...replies);
    }
    draining = false;
  }

  return {
    post: (event) => {
      queue.push(event);
      if (draining) return;
      draining = true;
      running = drain();
    },
    idle: async () => {
      while (draining) await running;
    },
    busy: () => draining,
  };
}
