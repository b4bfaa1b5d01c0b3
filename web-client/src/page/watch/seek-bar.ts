import { element } from '../element.ts';
import { duration } from '../figures.ts';

/** How often the time is written anew. */
const SHOW_MS = 500;

/** With less than this to go back to, there is no bar: a stream that has just begun. */
const WINDOW_S_MIN = 15;

/**
 * Nearer to live than this is live. A playlist of the whole window has no parts, and is played
 * three target durations of two seconds behind its end, which a segment is behind live.
 */
const LIVE_S = 8;

/** A delay below this is none to people. */
const TOLD_S = 0.5;

/** Where the bar stands, on the server's clock. */
export interface Place {
  nowMs: number;
  /** How far back one may go. */
  oldestMs: number;
  /** The date of the picture, where it is known. */
  atMs: number | undefined;
  /** Whether it is as live as the way of playing can be. */
  isLive: boolean;
}

/** What people do with it. */
export interface SeekEvents {
  onSeek: (dateMs: number) => void;
  onLive: () => void;
}

/** The bar of the time that one may go back, and the button that leads to live again. */
export class SeekBar {
  private readonly box = element('timeline', HTMLElement);
  private readonly bar = element('seek', HTMLInputElement);
  private readonly label = element('behind', HTMLElement);
  private readonly live = element('to-live', HTMLButtonElement);
  private readonly place: () => Place | undefined;
  private readonly events: SeekEvents;
  /** Whether a person is moving it; then it does not move by itself. */
  private isHeld = false;

  constructor(place: () => Place | undefined, events: SeekEvents) {
    this.place = place;
    this.events = events;
    this.bar.addEventListener('input', () => {
      this.isHeld = true;
      this.write(-Number(this.bar.value));
    });
    this.bar.addEventListener('change', () => this.seek());
    this.live.addEventListener('click', () => events.onLive());
    setInterval(() => this.show(), SHOW_MS);
  }

  show(): void {
    const place = this.place();
    const windowS = place ? Math.floor((place.nowMs - place.oldestMs) / 1_000) : 0;
    this.box.hidden = windowS < WINDOW_S_MIN;
    if (!place || this.box.hidden || this.isHeld) return;
    this.bar.min = String(-windowS);
    const delayS = place.atMs === undefined ? 0 : Math.max(0, (place.nowMs - place.atMs) / 1_000);
    const behindS = place.isLive ? 0 : Math.round(delayS);
    this.bar.value = String(-behindS);
    this.write(behindS);
    if (place.isLive && delayS >= TOLD_S) this.label.textContent = `Live, ${delayS.toFixed(1)} s`;
    this.live.hidden = place.isLive;
  }

  private seek(): void {
    this.isHeld = false;
    const behindS = -Number(this.bar.value);
    const nowMs = this.place()?.nowMs;
    if (behindS < LIVE_S || nowMs === undefined) this.events.onLive();
    else this.events.onSeek(nowMs - behindS * 1_000);
  }

  private write(behindS: number): void {
    this.label.textContent = behindS < 1 ? 'Live' : `−${duration(behindS)}`;
    this.bar.setAttribute('aria-valuetext', behindS < 1 ? 'live' : `${duration(behindS)} behind`);
  }
}
