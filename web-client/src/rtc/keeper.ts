import { Backoff, type BackoffLimits } from '../signaling/backoff.ts';
import { SignalingError } from '../signaling/error.ts';
import type { Clock } from './clock.ts';
import { type Arrival, Inbox } from './inbox.ts';
import type { SessionChange } from './rtc-session.ts';

/** A session as the keeper needs it; `RtcSession` is one. */
export interface KeptSession {
  readonly isConnected: boolean;
  onChange: ((change: SessionChange) => void) | undefined;
  restartIce(): Promise<void>;
  close(): void;
}

/** Where a publisher or player stands. */
export type KeeperState =
  /** It has not been told to begin. */
  | { name: 'idle' }
  /** The first session is being made. */
  | { name: 'connecting' }
  /** There is nothing to connect to yet; the next try is at `retryAtMs` of the clock (`performance.now()`). */
  | { name: 'waiting'; retryAtMs: number; error: SignalingError }
  /** Connected: media can flow. */
  | { name: 'live' }
  /** It was live and will be again: ICE is being restarted, or a new session is being made. */
  | { name: 'recovering'; step: 'ice-restart' | 'new-session'; error?: SignalingError }
  /** Trying again would not help; a person must act. */
  | { name: 'failed'; error: SignalingError }
  /** `close` was called. */
  | { name: 'closed' };

export interface KeeperOptions<S extends KeptSession> {
  clock: Clock;
  /** Opens a session; `takesOver` where it replaces one that is ours and may still be open. */
  open: (takesOver: boolean, signal: AbortSignal) => Promise<S>;
  /** Whether a 409 passes by itself: for a player it does, when somebody publishes. */
  retriesConflict: boolean;
  backoff: BackoffLimits;
  onState: (state: KeeperState) => void;
}

/** From the 201 to connected: ICE and DTLS with some lost packets. Then the session is given up. */
const CONNECT_MS_MAX = 10_000;

/** A path may heal by itself, as when a phone changes its cell; a restart comes after this. */
const HEAL_MS = 500;

/** From the answered restart to connected again; then a new session is tried. */
const RESTORE_MS_MAX = 6_000;

/**
 * How long an ICE restart is tried against a server that does not answer. RFC 7675 lets consent
 * live for 30 s; after that the server has dropped the session for sure.
 */
const RESTART_MS_MAX = 30_000;

type News = SessionChange | 'hurry' | 'close';
/** `'gone'`: the server does not have the session any more. `'stuck'`: it may, but it is useless. */
type Loss = 'gone' | 'stuck' | 'close';

/** Keeps one session alive, or replaces it: ICE restart first, a new session next, with backoff. */
export class Keeper<S extends KeptSession> {
  private readonly options: KeeperOptions<S>;
  private readonly backoff: Backoff;
  private readonly abort = new AbortController();
  private inbox: Inbox<News>;
  private current: KeeperState = { name: 'idle' };
  private wasLive = false;

  constructor(options: KeeperOptions<S>) {
    this.options = options;
    this.backoff = new Backoff(options.backoff, () => options.clock.random());
    this.inbox = new Inbox(options.clock);
  }

  get state(): KeeperState {
    return this.current;
  }

  /** Runs until it has failed or was closed. */
  async run(takesOver: boolean): Promise<void> {
    let takeOver = takesOver;
    while (!this.abort.signal.aborted) {
      const session = await this.openOrWait(takeOver);
      if (!session) return;
      const loss = await this.keep(session);
      session.close();
      if (loss === 'close') return;
      // Only our own session may be replaced. One that is gone may have been taken over by somebody
      // with the same key, and taking it back would never end.
      takeOver = loss === 'stuck';
    }
  }

  /** The network is back, or a person wants it now: waits end early. */
  hurry(): void {
    this.inbox.put('hurry');
  }

  close(): void {
    if (this.abort.signal.aborted) return;
    this.abort.abort();
    this.inbox.put('close');
    if (this.current.name !== 'failed') this.enter({ name: 'closed' });
  }

  private enter(state: KeeperState): void {
    this.current = state;
    this.options.onState(state);
  }

  /** Tries until a session is open; undefined when it was closed or has failed. */
  private async openOrWait(takesOver: boolean): Promise<S | undefined> {
    const { clock } = this.options;
    for (;;) {
      const isFirst = !this.wasLive;
      if (isFirst && this.current.name !== 'waiting') this.enter({ name: 'connecting' });
      if (!isFirst && this.current.name !== 'recovering') {
        this.enter({ name: 'recovering', step: 'new-session' });
      }
      const opened = await this.tryOpen(takesOver);
      if (this.abort.signal.aborted) {
        if (!(opened instanceof SignalingError)) opened.close();
        return undefined;
      }
      if (!(opened instanceof SignalingError)) return opened;
      if (!this.mayRetry(opened)) {
        this.enter({ name: 'failed', error: opened });
        return undefined;
      }
      const waitMs = this.backoff.next(opened.retryAfterMs);
      // A stream that ended is waited for like one that has not begun.
      if (opened.status === 409) this.wasLive = false;
      this.enter(
        this.wasLive
          ? { name: 'recovering', step: 'new-session', error: opened }
          : { name: 'waiting', retryAtMs: clock.nowMs() + waitMs, error: opened },
      );
      if ((await this.pause(waitMs)) === 'close') return undefined;
    }
  }

  private async tryOpen(takesOver: boolean): Promise<S | SignalingError> {
    // A session's news ends with it.
    this.inbox = new Inbox(this.options.clock);
    const { inbox } = this;
    try {
      const session = await this.options.open(takesOver, this.abort.signal);
      session.onChange = (change) => inbox.put(change);
      if (session.isConnected) inbox.put('connected');
      return session;
    } catch (error) {
      if (error instanceof SignalingError) return error;
      return new SignalingError('unexpected', error instanceof Error ? error.message : 'unknown');
    }
  }

  private mayRetry(error: SignalingError): boolean {
    return error.isRetryable || (error.status === 409 && this.options.retriesConflict);
  }

  private async pause(waitMs: number): Promise<'go' | 'close'> {
    const arrival = await this.inbox.next(waitMs);
    if (arrival === 'hurry') this.backoff.reset();
    return arrival === 'close' ? 'close' : 'go';
  }

  /** Follows a session until it is beyond repair. */
  private async keep(session: S): Promise<Loss> {
    let news: Arrival<News> = 'hurry';
    while (news === 'hurry') news = await this.inbox.next(CONNECT_MS_MAX);
    for (;;) {
      switch (news) {
        case 'connected':
          this.wasLive = true;
          this.backoff.reset();
          if (this.current.name !== 'live') this.enter({ name: 'live' });
          news = await this.inbox.next();
          break;
        case 'interrupted':
          news = await this.repair(session);
          break;
        case 'hurry':
          news = session.isConnected ? await this.inbox.next() : 'interrupted';
          break;
        case 'ended':
          return 'gone';
        case 'timeout':
          // Media cannot get through, which a new session at once would not change.
          if (!this.wasLive && (await this.waitForRoute()) === 'close') return 'close';
          return 'stuck';
        case 'close':
          return 'close';
      }
    }
  }

  private waitForRoute(): Promise<'go' | 'close'> {
    const waitMs = this.backoff.next();
    const error = new SignalingError('blocked', 'no media path to the server');
    this.enter({ name: 'waiting', retryAtMs: this.options.clock.nowMs() + waitMs, error });
    return this.pause(waitMs);
  }

  /** Restarts ICE until it is connected again, refused, or pointless. */
  private async repair(session: S): Promise<Arrival<News>> {
    const { clock } = this.options;
    const healed = await this.inbox.next(HEAL_MS);
    if (healed === 'connected' || healed === 'ended' || healed === 'close') return healed;
    if (session.isConnected && healed === 'timeout') return 'connected';
    this.enter({ name: 'recovering', step: 'ice-restart' });
    const deadlineMs = clock.nowMs() + RESTART_MS_MAX;
    while (clock.nowMs() < deadlineMs) {
      const refusal = await this.tryRestart(session);
      if (refusal === undefined) return this.restored(session);
      if (refusal.status === 404 || refusal.status === 410) return 'ended';
      if (refusal.kind !== 'unreachable') return 'timeout';
      const arrival = await this.inbox.next(this.backoff.next());
      if (arrival === 'hurry') this.backoff.reset();
      else if (arrival !== 'timeout' && arrival !== 'interrupted') return arrival;
    }
    return 'timeout';
  }

  private async tryRestart(session: S): Promise<SignalingError | undefined> {
    try {
      await session.restartIce();
      return undefined;
    } catch (error) {
      if (error instanceof SignalingError) return error;
      return new SignalingError('unexpected', error instanceof Error ? error.message : 'unknown');
    }
  }

  /** The browser may still say "disconnected" of the old path before it says "connected". */
  private async restored(session: S): Promise<Arrival<News>> {
    const { clock } = this.options;
    const deadlineMs = clock.nowMs() + RESTORE_MS_MAX;
    for (;;) {
      if (session.isConnected) return 'connected';
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs <= 0) return 'timeout';
      const arrival = await this.inbox.next(leftMs);
      if (arrival !== 'interrupted' && arrival !== 'hurry') return arrival;
    }
  }
}
