import { Counter, Gauge, type Registry } from 'prom-client';

/** Figures read when Prometheus asks, so that keeping them costs the line nothing. */

/** Values by label; what is not told is not shown. */
export type Reading = number | ReadonlyMap<string, number>;

export interface Wanted {
  name: string;
  help: string;
  /** Name of the one label of a reading that is a map. */
  label?: string;
  /** A reading that fails shows nothing: an old figure would be taken for a new one. */
  read: () => Reading | Promise<Reading>;
}

export function gauge(registry: Registry, { name, help, label, read }: Wanted): void {
  new Gauge({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
    async collect() {
      const reading = await Promise.resolve().then(read).catch(nothing);
      this.reset();
      if (reading === null) return label === undefined ? this.remove() : undefined;
      if (typeof reading === 'number') this.set(reading);
      else for (const [value, count] of reading) this.set({ [label ?? '']: value }, count);
    },
  });
}

/** A count that something else keeps since the start. */
export function counted(registry: Registry, { name, help, label, read }: Wanted): void {
  new Counter({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
    async collect() {
      const reading = await read();
      this.reset();
      if (typeof reading === 'number') this.inc(reading);
      else for (const [value, count] of reading) this.inc({ [label ?? '']: value }, count);
    },
  });
}

const nothing = (): null => null;
