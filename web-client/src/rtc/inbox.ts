import type { Clock } from './clock.ts';

/** What a wait on an inbox can end with. */
export type Arrival<T> = T | 'timeout';

/**
 * News for one loop, in order. It grows by one per event of a session and a person, and its loop
 * empties it at every wait; a session that ends takes its inbox with it.
 */
export class Inbox<T extends string> {
  private readonly clock: Clock;
  private readonly news: T[] = [];
  private waiter: ((item: Arrival<T>) => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  put(item: T): void {
    if (this.waiter) this.waiter(item);
    else this.news.push(item);
  }

  /** The next item, or `'timeout'`. Without a limit it waits for ever. */
  next(limitMs?: number): Promise<Arrival<T>> {
    const item = this.news.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => {
      const callOff =
        limitMs === undefined
          ? undefined
          : this.clock.after(limitMs, () => this.waiter?.('timeout'));
      this.waiter = (arrival) => {
        this.waiter = undefined;
        callOff?.();
        resolve(arrival);
      };
    });
  }
}
