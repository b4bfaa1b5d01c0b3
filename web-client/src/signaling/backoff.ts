export interface BackoffLimits {
  /** The first wait, before jitter. */
  firstMs: number;
  /** No wait is longer than this, unless the server asks for it. */
  maxMs: number;
}

/**
 * The longest wait that a server's `Retry-After` can impose; a longer wish is cut to it. Ten minutes:
 * a person who left a page open should not find it asleep for the evening.
 */
const RETRY_AFTER_MS_MAX = 600_000;

/**
 * Doubling waits with jitter. Each wait is drawn from the upper half of its step, so that a crowd
 * that was cut off together does not come back together, and nobody hammers.
 */
export class Backoff {
  private readonly limits: BackoffLimits;
  private readonly random: () => number;
  private stepMs: number;

  constructor(limits: BackoffLimits, random: () => number) {
    this.limits = limits;
    this.random = random;
    this.stepMs = limits.firstMs;
  }

  /** The next wait. A `Retry-After` is a floor: the crowd spreads over the half step after it. */
  next(retryAfterMs?: number): number {
    const stepMs = this.stepMs;
    this.stepMs = Math.min(stepMs * 2, this.limits.maxMs);
    const jitterMs = (stepMs / 2) * this.random();
    if (retryAfterMs === undefined) return stepMs / 2 + jitterMs;
    return Math.max(Math.min(retryAfterMs, RETRY_AFTER_MS_MAX), stepMs / 2) + jitterMs;
  }

  /** Something worked: the next trouble is a new one. */
  reset(): void {
    this.stepMs = this.limits.firstMs;
  }
}
