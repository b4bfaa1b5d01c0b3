import Hls, { type HlsConfig, type Level, type LevelDetails } from 'hls.js';
import type { VideoLayer } from '../signaling/layers.ts';
import type { Engine, EngineFigures, EngineOptions, Lag } from './engine.ts';

/**
 * What a path is taken to carry before anything has come over it: 720p begins at once, and what is
 * less is found out within a segment. A viewer who comes from WHEP sees no worse picture for the
 * change.
 */
const FIRST_ESTIMATE_BPS = 4_000_000;

/**
 * Media that is kept behind the picture: what a viewer goes back by keys, and a phone's memory
 * bears.
 */
const KEPT_S = 30;

const CONFIGURATION: Partial<HlsConfig> = {
  lowLatencyMode: true,
  autoStartLoad: false,
  // It would begin to load by itself.
  enableInterstitialPlayback: false,
  // Fragments are taken as they are; a worker would come from a `blob:` address, which the page's
  // policy does not let in.
  enableWorker: false,
  testBandwidth: false,
  abrEwmaDefaultEstimate: FIRST_ESTIMATE_BPS,
  backBufferLength: KEPT_S,
  // See pace.ts.
  maxLiveSyncPlaybackRate: 1,
};

/** hls.js, with our pace in place of its own: it does not hurry when it is far behind. */
export class MseEngine implements Engine {
  private readonly hls: Hls;
  private readonly video: HTMLVideoElement;
  private readonly options: EngineOptions;
  private heardMs = performance.now();

  constructor(options: EngineOptions) {
    this.options = options;
    this.video = options.video;
    this.hls = new Hls(CONFIGURATION);
    this.listen();
    this.hls.loadSource(options.url);
    this.hls.attachMedia(options.video);
  }

  static get isSupported(): boolean {
    return Hls.isSupported();
  }

  dateMs(): number | undefined {
    return this.hls.playingDate?.getTime();
  }

  lag(): Lag | undefined {
    const { latency, targetLatency } = this.hls;
    const { buffered, currentTime } = this.video;
    if (targetLatency === null || latency === 0 || buffered.length === 0) return undefined;
    const aheadS = buffered.end(buffered.length - 1) - currentTime;
    return { behindS: latency - targetLatency, aheadS };
  }

  seekTo(dateMs: number): boolean {
    const position = positionOf(this.hls.latestLevelDetails, dateMs);
    if (position === undefined) return false;
    this.video.currentTime = position;
    return true;
  }

  select(name: string | undefined): void {
    const { levels } = this.hls;
    // -1, which is also what finds nothing, is automatic.
    this.hls.nextLevel = levels.findIndex((level) => nameOf(level) === name);
    this.tellLevels();
  }

  heardAtMs(): number {
    return this.heardMs;
  }

  figures(): EngineFigures {
    const level = this.level;
    return {
      bitrateBps: level?.averageBitrate || level?.bitrate,
      framesPerSecond: level?.frameRate || undefined,
      codec: level?.videoCodec?.startsWith('avc') ? 'H264' : level?.videoCodec,
    };
  }

  close(): void {
    this.hls.destroy();
  }

  private get level(): Level | undefined {
    return this.hls.levels[this.hls.currentLevel];
  }

  private listen(): void {
    const { hls, options } = this;
    const { Events } = Hls;
    hls.once(Events.MANIFEST_PARSED, () => {
      hls.startLoad();
      // Only the playlist says where the date is that is to be begun at: until it is here, no media
      // is loaded.
      if (options.fromMs !== undefined) hls.pauseBuffering();
    });
    hls.once(Events.LEVEL_LOADED, (_name, { details }) => {
      const { fromMs, wantsOldest } = options;
      if (fromMs !== undefined) hls.startLoad(startOf(details, fromMs, wantsOldest));
    });
    hls.on(Events.LEVEL_LOADED, () => {
      this.heardMs = performance.now();
    });
    const { LEVELS_UPDATED, MANIFEST_PARSED, LEVEL_SWITCHED } = Events;
    for (const event of [LEVELS_UPDATED, MANIFEST_PARSED, LEVEL_SWITCHED] as const) {
      hls.on(event, () => this.tellLevels());
    }
    hls.on(Events.ERROR, (_name, { fatal }) => {
      if (fatal) options.onStop('failed');
    });
    this.video.addEventListener('ended', this.onEnded);
    hls.once(Events.DESTROYING, () => this.video.removeEventListener('ended', this.onEnded));
  }

  private readonly onEnded = () => this.options.onStop('ended');

  private tellLevels(): void {
    const { levels, currentLevel, autoLevelEnabled, bandwidthEstimate } = this.hls;
    const best = levels.length - 1;
    this.options.onLevels(
      levels.map((level, index): VideoLayer => ({
        rid: nameOf(level),
        spatialLayerId: undefined,
        temporalLayerId: undefined,
        bitrateBps: level.averageBitrate || level.bitrate,
        widthPx: level.width || undefined,
        heightPx: level.height || undefined,
        isCurrent: index === currentLevel,
        why: autoLevelEnabled ? (index === best ? 'best' : 'path') : 'chosen',
        carriesBps: bandwidthEstimate,
      })),
    );
  }
}

/** What the server calls a rendition: the folder that its playlist is in. */
function nameOf(level: Level): string {
  return level.uri.split('/').at(-2) ?? level.name;
}

/** Where a date is on the player's timeline; undefined outside of the playlist. */
function positionOf(details: LevelDetails | null, dateMs: number): number | undefined {
  const fragments = details?.fragments ?? [];
  const found = fragments.findLast((fragment) => (fragment.programDateTime ?? dateMs) <= dateMs);
  if (!found?.programDateTime) return undefined;
  return found.start + (dateMs - found.programDateTime) / 1_000;
}

/**
 * Where to begin for a date: there, or where hls.js begins by itself (-1) if the playlist no longer
 * reaches back so far, or if that is later, where there may be nothing to play yet.
 */
function startOf(details: LevelDetails, dateMs: number, wantsOldest: boolean): number {
  const latest = details.edge - (details.partHoldBack || details.holdBack);
  const position = positionOf(details, dateMs) ?? (wantsOldest ? details.fragmentStart : undefined);
  return position !== undefined && position < latest ? position : -1;
}
