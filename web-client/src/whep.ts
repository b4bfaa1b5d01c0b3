/**
 * A WHEP player (draft-ietf-wish-whep) that anyone can import: no page, no framework.
 *
 *     const player = new WhepPlayer({ url: '/whep/demo', onState: console.log });
 *     video.srcObject = player.media;
 *     player.play();
 *
 * What the server says of the stream (`onLayers`, `onViewers`) and `selectLayer` need the extensions
 * of WHEP for server-sent events and for layers; without them nothing is said.
 *
 * It waits for a stream that has not begun, and comes back after a cut, until `close`. Only
 * `selectLayer` rejects; everything else that goes wrong is told as a state (`onState`), with a
 * `SignalingError` that says why.
 */
import { type Clock, systemClock } from './rtc/clock.ts';
import { countPackets, FlowWatch } from './rtc/flow.ts';
import { Keeper, type KeeperState } from './rtc/keeper.ts';
import { type OpeningOptions, open } from './rtc/opening.ts';
import type { RtcConnection, RtcSession } from './rtc/rtc-session.ts';
import { isRecord, type LayerSelection, layersOf, type VideoLayer } from './signaling/layers.ts';

export type { Clock } from './rtc/clock.ts';
export type { KeeperState } from './rtc/keeper.ts';
export type { RtcConnection } from './rtc/rtc-session.ts';
export { SignalingError, type SignalingErrorKind } from './signaling/error.ts';
export type { LayerSelection, VideoLayer } from './signaling/layers.ts';

/** The WHEP endpoint, with a play token where the stream is not public. */
export interface WhepOptions extends OpeningOptions {
  /** Media began or ceased to arrive while the session lives: the publisher came or went. */
  onFlow?: (isFlowing: boolean) => void;
  /** What the video comes in, and which of it arrives; empty between sessions. */
  onLayers?: (layers: VideoLayer[]) => void;
  /** How many watch, as the server counts; undefined where it does not say. */
  onViewers?: (count: number | undefined) => void;
  /** Replaced in tests: what holds the tracks. */
  media?: MediaStream;
}

/**
 * Waits between tries. A stream that has not begun is asked for again within eight seconds, which is
 * the longest that a viewer who came early stays behind those who came late.
 */
const BACKOFF = { firstMs: 1_000, maxMs: 8_000 };

/** What is listened for. That the publisher comes and goes shows in the packets. */
const EVENTS = ['layers', 'viewercount', 'reconnect'];

/** Plays one stream. `play` once; after `close`, or a failure, make another player. */
export class WhepPlayer {
  /** Holds the tracks of the session at hand, across sessions: give it to a `<video>` once. */
  readonly media: MediaStream;
  private readonly options: WhepOptions;
  private readonly clock: Clock;
  private readonly keeper: Keeper<RtcSession>;
  private session: RtcSession | undefined;
  private flow: FlowWatch | undefined;
  /** The last that the server said. */
  private layers: VideoLayer[] = [];
  /** What was selected last, for the sessions that follow. */
  private selection: LayerSelection = {};
  /** Whether the session at hand knows of it. */
  private isSelected = true;
  /** Where the next session is opened, if the server has named another endpoint. */
  private url: string;

  constructor(options: WhepOptions) {
    this.options = options;
    this.url = options.url;
    this.media = options.media ?? new MediaStream();
    this.clock = options.clock ?? systemClock;
    this.keeper = new Keeper({
      clock: this.clock,
      open: (_takesOver, signal) => this.open(signal),
      retriesConflict: true,
      backoff: BACKOFF,
      onState: (state) => this.onState(state),
    });
  }

  /** What `onState` was told last. */
  get state(): KeeperState {
    return this.keeper.state;
  }

  /** The connection of the session at hand, for statistics. Another after a new session. */
  get connection(): RtcConnection | undefined {
    return this.session?.connection;
  }

  /** Begins. A second call changes nothing: one player has one session at a time. */
  play(): void {
    if (this.state.name !== 'idle') return;
    void this.keeper.run(false);
  }

  /**
   * Bounds the layers that arrive, in this session and those that follow; with nothing, back to
   * automatic. Before there is a session it is kept for the first one. Rejects with a
   * `SignalingError` when the server refuses.
   */
  async selectLayer(selection: LayerSelection): Promise<void> {
    this.selection = selection;
    this.isSelected = true;
    await this.session?.http.selectLayer(selection);
  }

  /** Ends waits early: the network is back, or a person is impatient. */
  hurry(): void {
    this.keeper.hurry();
  }

  /** Ends the session, here and at the server, for good. Also works from a page that is closing. */
  close(): void {
    this.keeper.close();
    this.flow?.stop();
    this.session?.close();
  }

  private onState(state: KeeperState): void {
    if (state.name === 'live') this.flow ??= this.watchFlow();
    if (state.name !== 'live') {
      this.flow?.stop();
      this.flow = undefined;
    }
    this.options.onState?.(state);
  }

  private watchFlow(): FlowWatch {
    return new FlowWatch(
      this.clock,
      async () => {
        const report = await this.session?.connection.getStats();
        return report ? countPackets(report) : 0;
      },
      (isFlowing) => this.options.onFlow?.(isFlowing),
    );
  }

  private async open(signal: AbortSignal): Promise<RtcSession> {
    this.forget();
    this.session = await open({ ...this.options, url: this.url }, {
      clock: this.clock,
      signal,
      addMedia: (connection) => this.addMedia(connection),
    });
    const { session } = this;
    this.isSelected = Object.keys(this.selection).length === 0;
    session.listenTo(EVENTS, (name, data) => this.onEvent(session, name, data));
    return session;
  }

  private onEvent(session: RtcSession, name: string, data: unknown): void {
    if (session !== this.session) return;
    if (name === 'layers') this.onLayers(layersOf(data));
    if (!isRecord(data)) return;
    if (name === 'viewercount' && typeof data.viewercount === 'number') {
      this.options.onViewers?.(data.viewercount);
    }
    if (name === 'reconnect') this.reconnect(session, data.url);
  }

  private onLayers(layers: VideoLayer[]): void {
    this.layers = layers;
    if (!this.isSelected && layers.length > 0) {
      // A new session does not know of the old one's selection. If it has no such layer, so be it.
      void this.selectLayer(this.selection).catch(() => undefined);
    }
    this.options.onLayers?.(layers);
  }

  /** The server wants this player to begin a new session, here or elsewhere. */
  private reconnect(session: RtcSession, url: unknown): void {
    const base = new URL(this.url, typeof location === 'undefined' ? undefined : location.href);
    if (typeof url === 'string' && URL.canParse(url, base)) {
      const next = new URL(url, base);
      // A token never goes over a less protected transport than it was given for.
      const isSafe = next.protocol === 'https:' || next.protocol === base.protocol;
      if (isSafe) this.url = next.href;
    }
    session.giveUp();
  }

  /** What was said of one session does not hold for the next. */
  private forget(): void {
    if (this.layers.length === 0) return;
    this.layers = [];
    this.options.onLayers?.([]);
    this.options.onViewers?.(undefined);
  }

  /** Every codec that the browser has is offered: the publisher has chosen, and it is one of them. */
  private addMedia(connection: RtcConnection): void {
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.addTransceiver('audio', { direction: 'recvonly' });
    connection.addEventListener('track', ({ track }) => this.onTrack(track));
  }

  /**
   * The last picture of the old session stays until the new one has a packet: a viewer sees a short
   * freeze and no black.
   */
  private onTrack(track: MediaStreamTrack): void {
    const hasOld = this.media.getTracks().some((old) => old.kind === track.kind);
    if (hasOld && track.muted) {
      track.addEventListener('unmute', () => this.show(track), { once: true });
    } else {
      this.show(track);
    }
  }

  private show(track: MediaStreamTrack): void {
    for (const old of this.media.getTracks()) {
      if (old.kind === track.kind && old !== track) this.media.removeTrack(old);
    }
    this.media.addTrack(track);
  }
}
