import type { HlsSite } from '../../hls/site.ts';
import { type CaptureSource, capturedAtMs } from '../../stats/capture.ts';
import type { StatsSource } from '../../stats/entry.ts';
import { InboundStats } from '../../stats/inbound.ts';
import {
  type KeeperState,
  type LayerSelection,
  type RtcConnection,
  WhepPlayer,
} from '../../whep.ts';
import { CaptureDelay } from './capture-delay.ts';
import {
  onNextPicture,
  type Player,
  type PlayerEvents,
  type Reading,
  type Standing,
  type WatchState,
} from './player.ts';
import { patienceMs } from './patience.ts';

/**
 * How old pictures are taken to be as they arrive, where their packets do not say: what an encoder
 * and a path take together. Too much is seen again by who changes to HLS, too little is missed.
 */
const WAY_MS = 300;

/** WHEP upon a `<video>`. */
export class Interactive implements Player {
  readonly way = 'whep';
  readonly video: HTMLVideoElement;
  private readonly url: string;
  private readonly site: HlsSite;
  private readonly events: PlayerEvents;
  private readonly captureDelay: CaptureDelay;
  private player: WhepPlayer;
  private stats = new InboundStats();
  private current: Standing = { name: 'connecting' };
  /** Undefined until it is known whether media arrives in this session. */
  private isFlowing: boolean | undefined;
  private lastShownMs: number | undefined;
  /** Whether the token has admitted it: one that never has may be for somebody else. */
  private wasLive = false;
  private impatience: ReturnType<typeof setTimeout> | undefined;
  private callOffPicture: (() => void) | undefined;

  constructor(url: string, site: HlsSite, video: HTMLVideoElement, events: PlayerEvents) {
    this.url = url;
    this.site = site;
    this.video = video;
    this.events = events;
    this.captureDelay = new CaptureDelay(video);
    this.player = this.start();
  }

  get standing(): Standing {
    return this.current;
  }

  get connection(): RtcConnection | undefined {
    return this.player.connection;
  }

  shownAtMs(): number | undefined {
    const source = this.videoSource();
    if (source) {
      this.lastShownMs = capturedAtMs(source) ?? this.site.serverMs(source.timestamp) - WAY_MS;
    }
    return this.lastShownMs;
  }

  select(selection: LayerSelection): void {
    // A layer that is gone by now is gone from the menu with the next event.
    void this.player.selectLayer(selection).catch(() => undefined);
  }

  async read(): Promise<Reading> {
    const { connection } = this;
    const report = ((await connection?.getStats()) ?? []) as StatsSource;
    const captureDelayMs = this.captureDelay.read(connection, report);
    return { ...this.stats.figures(report), captureDelayMs };
  }

  hurry(): void {
    if (this.player.state.name === 'failed') this.player = this.start();
    else this.player.hurry();
  }

  close(): void {
    clearTimeout(this.impatience);
    this.callOffPicture?.();
    this.captureDelay.stop();
    this.player.close();
    this.video.srcObject = null;
  }

  private start(): WhepPlayer {
    const starting = new WhepPlayer({
      url: this.url,
      token: this.site.token,
      onState: (state) => this.onState(starting, state),
      onFlow: (flowing) => {
        this.isFlowing = flowing;
        this.onState(starting, starting.state);
      },
      onLayers: this.events.onLayers,
      onViewers: this.events.onViewers,
    });
    starting.play();
    return starting;
  }

  private onState(player: WhepPlayer, state: KeeperState): void {
    if (state.name === 'idle' || state.name === 'closed') return;
    // What was shown last is known as long as its session is.
    if (state.name !== 'live') [this.isFlowing, this.lastShownMs] = [undefined, this.shownAtMs()];
    // Not before: a video that waits for its first data holds up the `load` event of the page.
    else if (this.video.srcObject !== player.media) this.show(player.media);
    this.current = { ...state, name: this.nameOf(state.name) };
    // Whoever does not answer says nothing of who watches either.
    if (state.name === 'recovering' || state.name === 'failed') this.events.onViewers(undefined);
    this.events.onStanding(this.current);
    this.minds(state);
  }

  private show(media: MediaStream): void {
    this.video.srcObject = media;
    this.callOffPicture = onNextPicture(this.video, () => {
      // A picture is news of its packets, and comes before their count is looked at.
      this.isFlowing = true;
      this.onState(this.player, this.player.state);
      this.events.onPicture();
    });
    // Where it may not begin by itself, the page asks for a click.
    void this.video.play().catch(() => undefined);
  }

  private nameOf(name: Exclude<KeeperState['name'], 'idle'>): WatchState {
    if (name !== 'live' || this.isFlowing) return name;
    if (this.isFlowing === false) return 'stalled';
    // A session that has just been made, or made again, has its first packet yet to come.
    return this.current.name === 'recovering' ? 'recovering' : 'connecting';
  }

  /** Tells that it does not get through, once that has lasted. */
  private minds(state: KeeperState): void {
    clearTimeout(this.impatience);
    this.wasLive ||= state.name === 'live';
    const waitMs = patienceMs(state, this.wasLive && this.site.outlivesToken);
    if (waitMs !== undefined) this.impatience = setTimeout(this.events.onTrouble, waitMs);
    else if (state.name === 'live') this.events.onWell();
  }

  private videoSource(): CaptureSource | undefined {
    // The player calls back while it is being made.
    const receivers = (this.player as WhepPlayer | undefined)?.connection?.getTransceivers() ?? [];
    const video = receivers.find(({ receiver }) => receiver.track.kind === 'video');
    return video?.receiver.getSynchronizationSources?.()[0] as CaptureSource | undefined;
  }
}
