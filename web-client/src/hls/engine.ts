import type { VideoLayer } from '../signaling/layers.ts';

/** What plays HLS on a `<video>`: hls.js on Media Source Extensions, or the browser itself. */
export interface Engine {
  /**
   * The date of the picture at hand (`EXT-X-PROGRAM-DATE-TIME`): unix time on the server's clock.
   */
  dateMs(): number | undefined;
  /**
   * How much further behind it is than it aims at, and what is loaded ahead, in seconds; undefined
   * where the browser minds itself.
   */
  lag(): Lag | undefined;
  /** Goes to a date, if its playlist has it. */
  seekTo(dateMs: number): boolean;
  /** Stays with a level, by its name; with none, back to automatic. */
  select(name: string | undefined): void;
  /**
   * When the server last answered for its playlist, by `performance.now()`; undefined where the
   * browser does not say.
   */
  heardAtMs(): number | undefined;
  /** What arrives, as far as it is known. */
  figures(): EngineFigures;
  /** Lets go of the video. */
  close(): void;
}

export interface Lag {
  behindS: number;
  aheadS: number;
}

export interface EngineFigures {
  bitrateBps: number | undefined;
  framesPerSecond: number | undefined;
  codec: string | undefined;
}

export interface EngineOptions {
  /** It is all that opens the stream: neither player sends a token. */
  url: string;
  video: HTMLVideoElement;
  /** The date to begin at; without it as near to live as it may. */
  fromMs: number | undefined;
  /**
   * Where the playlist does not reach back so far: whether it begins at its oldest, or near live.
   */
  wantsOldest: boolean;
  onLevels: (levels: VideoLayer[]) => void;
  /** It cannot go on: `ended` where the stream is over. */
  onStop: (why: 'failed' | 'ended') => void;
}

/** Whether this browser has Media Source Extensions, or the kind of them that phones have. */
export function hasMediaSource(): boolean {
  return 'ManagedMediaSource' in globalThis || 'MediaSource' in globalThis;
}

/** Whether it plays HLS by itself: Safari, and every browser of iOS. */
export function playsHls(video: HTMLVideoElement): boolean {
  return video.canPlayType('application/vnd.apple.mpegurl') !== '';
}
