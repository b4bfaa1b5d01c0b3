import type { Engine, EngineFigures, EngineOptions } from './engine.ts';

/** `HTMLMediaElement` where the browser plays HLS: the date at which `currentTime` is zero. */
type DatedVideo = HTMLVideoElement & { getStartDate?: () => Date };

/** The browser's own player of HLS, which chooses its levels and minds its delay itself. */
export class NativeEngine implements Engine {
  private readonly video: DatedVideo;
  private readonly abort = new AbortController();

  constructor({ url, video, fromMs, onStop }: EngineOptions) {
    this.video = video;
    const { signal } = this.abort;
    video.addEventListener('error', () => onStop('failed'), { signal });
    video.addEventListener('ended', () => onStop('ended'), { signal });
    const begin = () => {
      if (fromMs !== undefined) this.seekTo(fromMs);
    };
    video.addEventListener('loadedmetadata', begin, { signal, once: true });
    video.src = url;
  }

  dateMs(): number | undefined {
    const zeroMs = this.zeroMs();
    return zeroMs === undefined ? undefined : zeroMs + this.video.currentTime * 1_000;
  }

  lag(): undefined {
    return undefined;
  }

  seekTo(dateMs: number): boolean {
    const zeroMs = this.zeroMs();
    const { seekable } = this.video;
    if (zeroMs === undefined || seekable.length === 0) return false;
    const seconds = (dateMs - zeroMs) / 1_000;
    if (seconds < seekable.start(0) || seconds > seekable.end(seekable.length - 1)) return false;
    this.video.currentTime = seconds;
    return true;
  }

  select(): void {
    // There is nothing to select: the browser does not say what levels there are.
  }

  heardAtMs(): undefined {
    return undefined;
  }

  figures(): EngineFigures {
    return { bitrateBps: undefined, framesPerSecond: undefined, codec: undefined };
  }

  close(): void {
    this.abort.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  /** Where `currentTime` counts from; an invalid date is one that is not known yet. */
  private zeroMs(): number | undefined {
    const ms = this.video.getStartDate?.().getTime();
    return ms === undefined || Number.isNaN(ms) ? undefined : ms;
  }
}
