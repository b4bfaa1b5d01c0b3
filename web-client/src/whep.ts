/**
 * A WHEP player (draft-ietf-wish-whep) that anyone can import: no page, no framework.
 *
 *     const player = new WhepPlayer({ url: '/whep/demo', onState: console.log });
 *     video.srcObject = player.media;
 *     player.play();
 *
 * It waits for a stream that has not begun, and comes back after a cut, until `close`.
 */
import { type Clock, systemClock } from './rtc/clock.ts';
import { countPackets, FlowWatch } from './rtc/flow.ts';
import { Keeper, type KeeperState } from './rtc/keeper.ts';
import { type OpeningOptions, open } from './rtc/opening.ts';
import type { RtcConnection, RtcSession } from './rtc/rtc-session.ts';

export type { KeeperState } from './rtc/keeper.ts';
export { SignalingError } from './signaling/error.ts';

/** The WHEP endpoint, with a play token where the stream is not public. */
export interface WhepOptions extends OpeningOptions {
  /** Media began or ceased to arrive while the session lives: the publisher came or went. */
  onFlow?: (isFlowing: boolean) => void;
  /** Replaced in tests: what holds the tracks. */
  media?: MediaStream;
}

/**
 * Waits between tries. A stream that has not begun is asked for again within eight seconds, which is
 * the longest that a viewer who came early stays behind those who came late.
 */
const BACKOFF = { firstMs: 1_000, maxMs: 8_000 };

/** Plays one stream. */
export class WhepPlayer {
  /** Holds the tracks of the session at hand, across sessions. */
  readonly media: MediaStream;
  private readonly options: WhepOptions;
  private readonly clock: Clock;
  private readonly keeper: Keeper<RtcSession>;
  private session: RtcSession | undefined;
  private flow: FlowWatch | undefined;

  constructor(options: WhepOptions) {
    this.options = options;
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

  get state(): KeeperState {
    return this.keeper.state;
  }

  /** The connection of the session at hand, for statistics. */
  get connection(): RtcConnection | undefined {
    return this.session?.connection;
  }

  play(): void {
    void this.keeper.run(false);
  }

  /** Ends waits early: the network is back, or a person is impatient. */
  hurry(): void {
    this.keeper.hurry();
  }

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
    this.session = await open(this.options, {
      clock: this.clock,
      signal,
      addMedia: (connection) => this.addMedia(connection),
    });
    return this.session;
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
