import type { HlsSite } from '../../hls/site.ts';

/**
 * When a stream that has none is asked again, after it was found live: its first segment may be on
 * its way. Then no more: a server of WHEP alone, or a publisher whose pictures HLS does not take.
 */
const AGAIN_MS = [2_000, 6_000];

/**
 * How often it is asked how far back one may go. It moves with the time, and jumps where a disk was
 * full.
 */
const WINDOW_MS = 60_000;

/**
 * Whether the stream can be played by HLS, and from when on. Nothing is asked before the stream is
 * live.
 */
export class Offered {
  isOffered = false;
  /** How far back one may go, on the server's clock. */
  oldestMs: number | undefined;
  private readonly site: HlsSite;
  private readonly onChange: (isOffered: boolean) => void;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(site: HlsSite, onChange: (isOffered: boolean) => void) {
    this.site = site;
    this.onChange = onChange;
  }

  /** The stream is live, perhaps another one than before. */
  look(): void {
    if (!this.isOffered) void this.ask(0);
  }

  private async ask(nTried: number): Promise<void> {
    clearTimeout(this.timer);
    const isOffered = (await this.site.ask()) === 'offered';
    const againMs = isOffered ? WINDOW_MS : AGAIN_MS[nTried];
    clearTimeout(this.timer);
    if (againMs !== undefined) this.timer = setTimeout(() => void this.ask(nTried + 1), againMs);
    this.oldestMs = isOffered ? await this.site.oldestMs() : undefined;
    if (isOffered === this.isOffered) return;
    this.isOffered = isOffered;
    this.onChange(isOffered);
  }
}
