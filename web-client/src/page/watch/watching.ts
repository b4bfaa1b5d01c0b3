import type { HlsSite } from '../../hls/site.ts';
import { Backoff } from '../../signaling/backoff.ts';
import type { LayerSelection, VideoLayer } from '../../whep.ts';
import { Broadcast } from './broadcast.ts';
import { type Aims, type ChangeEvent, follow, HLS, isSame, type Target } from './changeover.ts';
import { Interactive } from './interactive.ts';
import type { Player, PlayerEvents, Standing } from './player.ts';
import type { Screen } from './screen.ts';

/**
 * How far the capture times of the two ways may be apart: those of WHEP are of the publisher's
 * clock as the server estimates it, those of HLS of packets as they arrive. So much is seen again
 * rather than missed.
 */
const CLOCKS_MS = 200;

/** What people see again when they go from WHEP to HLS: more is cut to what HLS is behind by itself. */
const AGAIN_MS_MAX = 2_250;
const AGAIN_MS = 1_900;

/**
 * From HLS that nobody asked for to the next try of WHEP behind it: a network that keeps media out
 * is left sooner or later, and a server that is full has place again. Nothing is seen of a try that
 * fails; each costs the server a session at most.
 */
const RETURN = { firstMs: 30_000, maxMs: 300_000 };

/** What is told of the player that people see. */
export interface WatchingEvents {
  onStanding: (standing: Standing) => void;
  onLayers: (layers: VideoLayer[]) => void;
  onViewers: (count: number | undefined) => void;
  /** Another player is seen, or one is being made ready. */
  onAims: (aims: Aims) => void;
  /** Another picture has taken the place of the old one. */
  onChange: () => void;
}

/** A player, what it plays, and the last that it said. */
class Seat {
  readonly target: Target;
  readonly player: Player;
  layers: VideoLayer[] = [];

  /** `make` hands its seat to the player's events, which come when both are made. */
  constructor(target: Target, make: (seat: Seat) => Player) {
    this.target = target;
    this.player = make(this);
  }
}

/**
 * One stream on one screen, by whichever way it is played: makes players, and ends them, as
 * `follow` decides.
 */
export class Watching {
  private readonly url: string;
  private readonly site: HlsSite;
  private readonly screen: Screen;
  private readonly events: WatchingEvents;
  /** What is shown, and what comes. */
  aims: Aims;
  /** Whether it is shown by HLS because WHEP did not get through. */
  isKeptFromWhep = false;
  private shown: Seat;
  private incoming: Seat | undefined;
  private readonly patience = new Backoff(RETURN, Math.random);
  private returning: ReturnType<typeof setTimeout> | undefined;
  /** The token has ended: WHEP admits nobody with it any more. */
  private isTokenOver = false;

  constructor(url: string, site: HlsSite, screen: Screen, first: Target, events: WatchingEvents) {
    this.url = url;
    this.site = site;
    this.screen = screen;
    this.events = events;
    this.aims = { shown: first };
    this.shown = this.seat(first, screen.video, undefined);
  }

  get player(): Player {
    return this.shown.player;
  }

  get target(): Target {
    return this.aims.shown;
  }

  /** A person wants this. */
  ask(target: Target): void {
    this.on({ name: 'asked', target });
  }

  /** Goes to a date: in the playlist at hand where it has it, or by the one of the whole window. */
  seekTo(dateMs: number): void {
    const { player, target } = this.shown;
    const isPast = target.fromMs !== undefined;
    const isDone = isPast && player instanceof Broadcast && player.seekTo(dateMs);
    if (!isDone) this.ask({ way: 'hls', fromMs: dateMs });
  }

  select(selection: LayerSelection): void {
    this.player.select(selection);
  }

  hurry(): void {
    this.player.hurry();
  }

  close(): void {
    clearTimeout(this.returning);
    this.incoming?.player.close();
    this.player.close();
  }

  private on(event: ChangeEvent): void {
    const next = follow(this.aims, event);
    if (next === this.aims) return;
    if (next.shown.way === 'whep') this.isKeptFromWhep = false;
    else if (this.aims.shown.way === 'whep') this.isKeptFromWhep = !this.aims.isAsked;
    this.aims = next;
    if (this.incoming && this.incoming.target === next.shown) this.change();
    else if (this.shown.target !== next.shown) this.replace(next.shown);
    if (this.incoming && this.incoming.target !== next.incoming) this.drop();
    if (next.incoming && !this.incoming) {
      this.incoming = this.seat(next.incoming, this.screen.behind, this.goesOnFromMs());
    }
    this.planReturn();
    this.events.onAims(next);
  }

  /** Who is kept from WHEP, and looks at what happens now, goes back to it when it can. */
  private planReturn(): void {
    const { shown, incoming } = this.aims;
    if (shown.way === 'whep') this.patience.reset();
    const isWaiting = this.isKeptFromWhep && isSame(shown, HLS) && !incoming;
    const mayReturn = isWaiting && !this.isTokenOver;
    if (mayReturn && this.returning !== undefined) return;
    clearTimeout(this.returning);
    this.returning = undefined;
    if (!mayReturn) return;
    this.returning = setTimeout(() => {
      this.returning = undefined;
      this.on({ name: 'rested' });
    }, this.patience.next());
  }

  /** What was made ready is seen from here on. */
  private change(): void {
    if (!this.incoming) return;
    const old = this.shown;
    this.shown = this.incoming;
    this.incoming = undefined;
    this.screen.change();
    old.player.close();
    this.events.onChange();
    this.events.onViewers(undefined);
    this.events.onLayers(this.shown.layers);
    this.events.onStanding(this.player.standing);
  }

  /** What is seen is over, and nothing is ready. */
  private replace(target: Target): void {
    this.player.close();
    this.events.onLayers([]);
    this.shown = this.seat(target, this.screen.video, undefined);
    this.events.onStanding(this.player.standing);
  }

  /** Where HLS goes on for who has watched by WHEP. Who has watched HLS wants to go elsewhere. */
  private goesOnFromMs(): number | undefined {
    const shownMs = this.player.way === 'whep' ? this.player.shownAtMs() : undefined;
    return shownMs === undefined ? undefined : shownMs - CLOCKS_MS;
  }

  /** On a busy machine HLS begins further back than it must: of what was seen by WHEP, some is left out. */
  private leavesOutSeen({ player, target }: Seat): boolean {
    const [seenMs, beginsMs] = [this.player.shownAtMs(), player.shownAtMs()];
    if (this.player.way !== 'whep' || target.fromMs !== undefined) return false;
    if (!(player instanceof Broadcast) || seenMs === undefined || beginsMs === undefined) return false;
    return seenMs - beginsMs > AGAIN_MS_MAX && player.skipTo(seenMs - AGAIN_MS);
  }

  private drop(): void {
    this.incoming?.player.close();
    this.incoming = undefined;
  }

  private seat(target: Target, video: HTMLVideoElement, fromMs: number | undefined): Seat {
    return new Seat(target, (seat) => {
      const events = this.eventsOf(seat);
      if (target.way === 'whep') return new Interactive(this.url, this.site, video, events);
      return new Broadcast(this.site, target, fromMs, video, events);
    });
  }

  private eventsOf(seat: Seat): PlayerEvents {
    const { target } = seat;
    const whenShown =
      <A extends unknown[]>(call: (...told: A) => void) =>
      (...told: A) => {
        if (seat === this.shown) call(...told);
      };
    return {
      onStanding: (standing) => {
        if (target.way === 'whep' && standing.error?.status === 401) this.isTokenOver = true;
        if (seat === this.shown) this.events.onStanding(standing);
        // What is to come and has to wait first, for whatever reason, does not keep people waiting
        // with it.
        else if (seat === this.incoming && standing.error) this.on({ name: 'denied' });
      },
      onLayers: (layers) => {
        seat.layers = layers;
        if (seat === this.shown) this.events.onLayers(layers);
      },
      onViewers: whenShown(this.events.onViewers),
      onPicture: () => {
        if (seat === this.incoming && !this.leavesOutSeen(seat)) this.on({ name: 'ready' });
      },
      onTrouble: () => {
        if (seat === this.incoming) return this.on({ name: 'denied' });
        if (seat !== this.shown) return;
        this.on({ name: target.way === 'whep' ? 'trouble' : 'over' });
      },
      onWell: whenShown(() => this.on({ name: 'well' })),
    };
  }
}
