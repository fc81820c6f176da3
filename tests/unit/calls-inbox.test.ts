import { describe, expect, it } from 'vitest';
import { createInbox } from '../../src/calls/inbox.ts';

const never = (fault: unknown) => {
  throw fault instanceof Error ? fault : new Error(String(fault));
};

describe('createInbox', () => {
  it('handles one event after another however long each takes', async () => {
    const seen: string[] = [];
    const gates = new Map<string, () => void>();
    const inbox = createInbox<string>(async (event) => {
      seen.push(`${event} begins`);
      await new Promise<void>((resolve) => gates.set(event, resolve));
      seen.push(`${event} ends`);
    }, never);
    inbox.post('a');
    inbox.post('b');
    gates.get('a')?.();
    await new Promise((resolve) => setImmediate(resolve));
    gates.get('b')?.();
    await inbox.idle();
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('handles what an event brings about before what arrived meanwhile', async () => {
    const seen: string[] = [];
    const inbox = createInbox<string>((event, reply) => {
      seen.push(event);
      if (event === 'a') {
        inbox.post('later');
        reply('first');
        reply('second');
      }
      return Promise.resolve();
    }, never);
    inbox.post('a');
    await inbox.idle();
    expect(seen).toEqual(['a', 'first', 'second', 'later']);
  });

  it('tells a fault and goes on with the next event', async () => {
    const faults: string[] = [];
    const seen: string[] = [];
    const inbox = createInbox<string>(
      (event) => {
        if (event === 'bad') return Promise.reject(new Error('no'));
        seen.push(event);
        return Promise.resolve();
      },
      (_fault, event) => faults.push(event),
    );
    inbox.post('bad');
    inbox.post('good');
    await inbox.idle();
    inbox.post('after');
    await inbox.idle();
    expect({ faults, seen }).toEqual({ faults: ['bad'], seen: ['good', 'after'] });
  });
});
