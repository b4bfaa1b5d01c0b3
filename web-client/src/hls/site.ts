import { firstDateMs, firstVariant, hasPictures } from './playlist.ts';

/** `absent`: the server says that there is none, or none for this viewer. */
export type Offer = 'offered' | 'absent' | 'unreachable';

/**
 * Longest beginning of a DVR playlist that is read for its first date, which stands within the
 * first ten lines. A playlist without one in it has no date.
 */
const HEAD_CHARS_MAX = 4_096;

/** One stream's HLS as a server offers it, with a play token where the stream is not public. */
export class HlsSite {
  readonly liveUrl: string;
  readonly dvrUrl: string;
  readonly token: string | undefined;
  private readonly clockUrl: string;
  private readonly signUrl: string;
  private aheadMs: number | undefined;

  constructor(stream: string, token: string | undefined) {
    this.liveUrl = `/hls/${stream}/multivariant.m3u8`;
    this.dvrUrl = `/hls/${stream}/dvr.m3u8`;
    this.clockUrl = `/dash/${stream}/time`;
    this.signUrl = `/api/v1/streams/${stream}/signed-url`;
    this.token = token;
  }

  /**
   * A URL of this site for a player that sends no token: signed by the server for as long as the
   * token is good. Undefined where the server signs none.
   */
  async forPlayersWithoutToken(url: string): Promise<string | undefined> {
    if (!this.token) return url;
    try {
      const response = await this.fetch(this.signUrl, 'POST');
      if (!response.ok) return undefined;
      const { prefix } = (await response.json()) as { prefix?: unknown };
      return typeof prefix === 'string' ? prefix + url : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Whether the stream can be played by HLS. A server holds the answer back while the first segment
   * is being made. It is also asked for its time, which dates in playlists are of.
   */
  async ask(): Promise<Offer> {
    try {
      const response = await this.fetch(this.liveUrl);
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
      const top = await this.fetch(this.dvrUrl);
      const variant = top.ok ? firstVariant(await top.text()) : undefined;
      if (variant === undefined) return undefined;
      const media = await this.fetch(new URL(variant, new URL(this.dvrUrl, location.href)));
      return media.ok && media.body ? firstDateMs(await head(media.body)) : undefined;
    } catch {
      return undefined;
    }
  }

  private fetch(url: string | URL, method = 'GET'): Promise<Response> {
    const headers = this.token ? { headers: { Authorization: `Bearer ${this.token}` } } : {};
    return fetch(url, { method, ...headers });
  }

  /** The answer is as old as its way here: about half of the time that passed. */
  private async readClock(): Promise<void> {
    const sentAtMs = Date.now();
    const response = await this.fetch(this.clockUrl);
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
