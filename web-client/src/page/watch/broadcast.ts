import { type Engine, hasMediaSource, playsHls } from '../../hls/engine.ts';
import { NativeEngine } from '../../hls/native-engine.ts';
import { playbackRate } from '../../hls/pace.ts';
import type { HlsSite } from '../../hls/site.ts';
import { Backoff } from '../../signaling/backoff.ts';
import type { LayerSelection } from '../../whep.ts';
import type { Target } from './changeover.ts';
import {
  onNextPicture,
  type Player,
  type PlayerEvents,
  type Reading,
  type Standing,
  type WatchState,
} from './player.ts';

/** How often the pace is looked at, and whether the picture moves. */
const LOOK_MS = 250;

/** A picture that stands still for so long is one whose publisher is away. */
const STALL_MS = 2_500;

/**
 * A server that has not answered for a playlist for so long does not hold a reload back (it does so
 * for six seconds): it is away, or another has come back in its place, of which hls.js is not told.
 */
const SILENT_MS = 8_000;

/** A picture that is later than where it was to begin by more than this is another one. */
const LATE_MS_MAX = 500;

/** With less ahead than a part and a half, the picture would stop where it goes on. */
const AHEAD_S_MIN = 0.75;

/** Waits between tries to begin again: as by WHEP. */
const BACKOFF = { firstMs: 1_000, maxMs: 8_000 };

/** HLS upon a `<video>`, live or from a date in the past. */
export class Broadcast implements Player {
  readonly way = 'hls';
  readonly video: HTMLVideoElement;
  private readonly site: HlsSite;
  private readonly target: Target;
  private readonly events: PlayerEvents;
  private readonly backoff = new Backoff(BACKOFF, Math.random);
  private readonly watch: ReturnType<typeof setInterval>;
  private current: Standing = { name: 'connecting' };
  private engine: Engine | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private callOffPicture: (() => void) | undefined;
  private isClosed = false;
  private freezes = 0;
  /** Where the picture was, and when it last moved. */
  private at = { seconds: 0, sinceMs: performance.now() };

  /** `fromMs`: what was shown before it, which it goes on from if the playlist still has it. */
  constructor(
    site: HlsSite,
    target: Target,
    fromMs: number | undefined,
    video: HTMLVideoElement,
    events: PlayerEvents,
  ) {
    this.site = site;
    this.target = target;
    this.video = video;
    this.events = events;
    this.watch = setInterval(() => this.look(), LOOK_MS);
    const beginsMs = target.fromMs ?? fromMs;
    this.awaitPicture(beginsMs);
    void this.open(beginsMs);
  }

  get standing(): Standing {
    return this.current;
  }

  shownAtMs(): number | undefined {
    return this.engine?.dateMs();
  }

  /** Goes to a date in the past, if its playlist has it. */
  seekTo(dateMs: number): boolean {
    return this.engine?.seekTo(dateMs) ?? false;
  }

  /** Goes on to a date whose media is here, and tells of the picture there as of its first one. */
  skipTo(dateMs: number): boolean {
    const shownMs = this.shownAtMs();
    const { buffered, currentTime } = this.video;
    if (shownMs === undefined || buffered.length === 0) return false;
    const seconds = currentTime + (dateMs - shownMs) / 1_000;
    if (buffered.end(buffered.length - 1) - seconds < AHEAD_S_MIN) return false;
    this.video.currentTime = seconds;
    this.awaitPicture(undefined);
    return true;
  }

  select({ rid }: LayerSelection): void {
    this.engine?.select(rid);
  }

  read(): Promise<Reading> {
    const dateMs = this.shownAtMs();
    const { videoWidth, videoHeight } = this.video;
    return Promise.resolve({
      delayMs: undefined,
      captureDelayMs: dateMs === undefined ? undefined : this.site.serverMs(Date.now()) - dateMs,
      roundTripMs: undefined,
      bitrateBps: undefined,
      framesPerSecond: undefined,
      codec: undefined,
      ...this.engine?.figures(),
      widthPx: videoWidth || undefined,
      heightPx: videoHeight || undefined,
      lossRatio: undefined,
      freezeCount: this.freezes,
      framesDropped: this.video.getVideoPlaybackQuality?.().droppedVideoFrames,
    });
  }

  hurry(): void {
    if (this.retry === undefined) return;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.backoff.reset();
    void this.open(undefined);
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.watch);
    clearTimeout(this.retry);
    this.callOffPicture?.();
    this.engine?.close();
    this.engine = undefined;
    this.video.playbackRate = 1;
  }

  /**
   * Nothing between the date to begin at and the first picture is missed: a player that began later
   * is sent back, once.
   */
  private awaitPicture(fromMs: number | undefined): void {
    this.callOffPicture = onNextPicture(this.video, () => {
      const shownMs = this.shownAtMs();
      const isLate =
        fromMs !== undefined && shownMs !== undefined && shownMs - fromMs > LATE_MS_MAX;
      if (isLate && this.seekTo(fromMs)) return this.awaitPicture(undefined);
      this.plays();
      this.events.onPicture();
    });
  }

  private async open(fromMs: number | undefined): Promise<void> {
    const offer = await this.site.ask();
    if (this.isClosed) return;
    if (offer === 'unreachable' && this.current.name !== 'connecting') return this.openLater();
    const Engine = offer === 'offered' ? await engineFor(this.video) : undefined;
    if (this.isClosed) return;
    if (!Engine) return this.events.onTrouble();
    this.engine = new Engine({
      url: this.target.fromMs === undefined ? this.site.liveUrl : this.site.dvrUrl,
      video: this.video,
      fromMs,
      wantsOldest: this.target.fromMs !== undefined,
      onLevels: this.events.onLayers,
      onStop: (why) => this.onStop(why),
    });
    // Where it may not begin by itself, the page asks for a click once there is a picture.
    void this.video.play().catch(() => undefined);
  }

  private onStop(why: 'failed' | 'ended'): void {
    if (this.isClosed) return;
    if (why === 'ended') return this.events.onTrouble();
    this.engine?.close();
    this.engine = undefined;
    this.openLater();
  }

  private openLater(): void {
    // What has shown nothing yet is in nobody's way when it gives up.
    if (this.current.name === 'connecting') return this.events.onTrouble();
    this.enter('recovering');
    this.retry = setTimeout(() => {
      this.retry = undefined;
      void this.open(undefined);
    }, this.backoff.next());
  }

  private look(): void {
    const { video, engine } = this;
    const nowMs = performance.now();
    if (video.currentTime !== this.at.seconds || video.paused) {
      this.at = { seconds: video.currentTime, sinceMs: nowMs };
      if (video.readyState >= video.HAVE_CURRENT_DATA && engine) this.plays();
    } else if (nowMs - this.at.sinceMs > STALL_MS && this.current.name === 'live') {
      this.freezes += 1;
      this.enter('stalled');
    } else if (this.current.name === 'stalled' && nowMs - (engine?.heardAtMs() ?? nowMs) > SILENT_MS) {
      this.onStop('failed');
    }
    const lag = this.target.fromMs === undefined ? engine?.lag() : undefined;
    if (lag) video.playbackRate = playbackRate(lag, video.playbackRate);
  }

  private plays(): void {
    if (this.current.name === 'live') return;
    this.backoff.reset();
    this.enter('live');
    this.events.onWell();
  }

  private enter(name: WatchState): void {
    this.current = { name };
    this.events.onStanding(this.current);
  }
}

/** hls.js, which is loaded when it is first wanted; or the browser itself. */
async function engineFor(video: HTMLVideoElement) {
  if (hasMediaSource()) {
    const { MseEngine } = await import('../../hls/mse-engine.ts');
    if (MseEngine.isSupported) return MseEngine;
  }
  return playsHls(video) ? NativeEngine : undefined;
}
