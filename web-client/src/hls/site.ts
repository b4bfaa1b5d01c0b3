import { Admission, type Offer } from './admission.ts';
import { firstDateMs, firstVariant, hasPictures } from './playlist.ts';

/**
 * Longest beginning of a DVR playlist that is read for its first date, which stands within the
 * first ten lines. A playlist without one in it has no date.
 */
const HEAD_CHARS_MAX = 4_096;

/** One stream's HLS as a server offers it, for a play token where the stream is not public. */
export class HlsSite {
  readonly token: string | undefined;
  private readonly admission: Admission;
  private readonly livePath: string;
  private readonly dvrPath: string;
  private readonly clockPath: string;
  private aheadMs: number | undefined;

  constructor(stream: string, token: string | undefined) {
    this.token = token;
    this.admission = new Admission(stream, token);
    this.livePath = `/hls/${stream}/multivariant.m3u8`;
    this.dvrPath = `/hls/${stream}/dvr.m3u8`;
    this.clockPath = `/dash/${stream}/time`;
  }

  /** What a player is given, once the stream is offered: it sends no token. */
  get liveUrl(): string {
    return this.admission.prefix + this.livePath;
  }

  /** Likewise, of the whole window. */
  get dvrUrl(): string {
    return this.admission.prefix + this.dvrPath;
  }

  /** Whether this viewer may go on when the token has ended. */
  get outlivesToken(): boolean {
    return this.admission.outlivesToken;
  }

  /**
   * Whether the stream can be played by HLS. A server holds the answer back while the first segment
   * is being made. It is also asked for its time, which dates in playlists are of.
   */
  async ask(): Promise<Offer> {
    try {
      const response = await this.fetch(this.livePath);
      if (typeof response === 'string') return response;
      if (response.status >= 500) return 'unreachable';
      if (!response.ok || !hasPictures(await response.text())) return 'absent';
      if (this.aheadMs === undefined) await this.readClock();
      return 'offered';
    } catch {
      return 'unreachable';
    }
  }

  /**
   * The server's wall time, by this machine's. They are taken for the same until the server was
   * asked.
   */
  serverMs(unixMs: number): number {
    return unixMs - (this.aheadMs ?? 0);
  }

  /** How far back a viewer may go: a date on the server's clock. */
  async oldestMs(): Promise<number | undefined> {
    try {
      const top = await this.fetch(this.dvrPath);
      if (typeof top === 'string' || !top.ok) return undefined;
      const variant = firstVariant(await top.text());
      if (variant === undefined) return undefined;
      const media = await fetch(new URL(variant, new URL(this.dvrUrl, location.href)));
      return media.ok && media.body ? firstDateMs(await head(media.body)) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The answer for a path, or why this viewer is not let in to it. */
  private async fetch(path: string): Promise<Response | Exclude<Offer, 'offered'>> {
    const admitted = await this.admission.ask();
    if (admitted !== 'offered') return admitted;
    const { prefix } = this.admission;
    const response = await fetch(prefix + path);
    if (response.status !== 403 || !this.admission.drop(prefix)) return response;
    const again = await this.admission.ask();
    return again === 'offered' ? fetch(this.admission.prefix + path) : again;
  }

  /** The answer is as old as its way here: about half of the time that passed. */
  private async readClock(): Promise<void> {
    const sentAtMs = Date.now();
    const response = await fetch(this.admission.prefix + this.clockPath);
    const serverMs = Date.parse(await response.text());
    if (!response.ok || Number.isNaN(serverMs)) return;
    this.aheadMs = (sentAtMs + Date.now()) / 2 - serverMs;
  }
}

/** The beginning of a body; the rest of two hours of segments is not loaded. */
async function head(body: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoderStream() as TransformStream<Uint8Array, string>;
  const reader = body.pipeThrough(decoder).getReader();
  let text = '';
  while (text.length < HEAD_CHARS_MAX) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  void reader.cancel().catch(() => undefined);
  return text;
}
