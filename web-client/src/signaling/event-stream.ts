import type { Clock } from '../rtc/clock.ts';
import { Backoff } from './backoff.ts';
import { SignalingError } from './error.ts';
import { EventParser } from './event-parser.ts';
import type { HttpSession } from './http-session.ts';

/** Waits before a stream that broke is pulled again; meanwhile the server keeps the latest events. */
const BACKOFF = { firstMs: 1_000, maxMs: 30_000 };

/** Told of each event, with its data parsed. */
export type OnEvent = (name: string, data: unknown) => void;

/**
 * The server-sent events of one WHEP session (draft-ietf-wish-whep, "Server Sent Events
 * extension"). It breaks and is pulled again until the session is gone or `close` is called; what
 * a player can do without never disturbs what it plays.
 */
export class EventStream {
  private readonly abort = new AbortController();
  private readonly session: HttpSession;
  private readonly clock: Clock;
  private readonly onEvent: OnEvent;

  constructor(session: HttpSession, clock: Clock, onEvent: OnEvent) {
    this.session = session;
    this.clock = clock;
    this.onEvent = onEvent;
  }

  /** Makes the stream for those of these events that the server has, and listens until it is over. */
  async listen(events: string[]): Promise<void> {
    const backoff = new Backoff(BACKOFF, () => this.clock.random());
    let url: string | undefined;
    while (!this.abort.signal.aborted) {
      try {
        url ??= await this.session.makeEventStream(events);
        if (url === undefined || this.abort.signal.aborted) return;
        await this.pull(url, () => backoff.reset());
      } catch (error) {
        // Whatever is refused will be refused again; only the network and a full server pass.
        if (error instanceof SignalingError && !error.isRetryable) return;
      }
      await this.pause(backoff.next());
    }
  }

  /** Ends it here; at the server it ends with its session. */
  close(): void {
    this.abort.abort();
  }

  private async pull(url: string, onOpen: () => void): Promise<void> {
    const response = await this.session.pullEvents(url, this.abort.signal);
    onOpen();
    const parser = new EventParser();
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const piece = await reader?.read();
      if (!piece || piece.done) return;
      for (const { name, data } of parser.push(piece.value)) this.tell(name, data);
    }
  }

  private tell(name: string, text: string): void {
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch {
      // No event of the draft that we ask for is anything but JSON.
      return;
    }
    if (!this.abort.signal.aborted) this.onEvent(name, data);
  }

  private pause(waitMs: number): Promise<void> {
    const { signal } = this.abort;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(waitMs, resolve);
      signal.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }
}
