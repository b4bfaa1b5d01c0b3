import type { Clock } from '../src/rtc/clock.ts';

interface Timer {
  atMs: number;
  call: () => void;
}

/** Time that moves only when a test says so; its chance is always the same. */
export class VirtualClock implements Clock {
  private readonly timers = new Set<Timer>();
  private time = 0;
  private readonly chance: number;

  constructor(chance = 0) {
    this.chance = chance;
  }

  nowMs(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.time + delayMs, call };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Moves on, timer by timer, and lets what each has set off run to its next wait. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.time + byMs;
    await settle();
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.atMs <= untilMs);
      const next = due.sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.timers.delete(next);
      this.time = next.atMs;
      next.call();
      await settle();
    }
    this.time = untilMs;
  }
}

/** Every promise that can go on has gone on when this resolves. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
