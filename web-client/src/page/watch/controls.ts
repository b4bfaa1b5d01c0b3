import { element } from '../element.ts';
import type { Screen } from './screen.ts';

/** One press of an arrow key, of a volume from 0 to 1. */
const VOLUME_STEP = 0.05;

/** Without a move for this long, the controls leave the picture alone. */
const IDLE_MS = 2_500;

/** Safari on phones has full screen for the video alone. */
type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

/** The buttons under the picture, and the keys that do the same. */
export class Controls {
  /** Whether a person has paused; then a stream that comes back does not play by itself. */
  isHeld = false;
  private readonly stage = element('stage', HTMLElement);
  private readonly screen: Screen;
  private readonly play = element('play-toggle', HTMLButtonElement);
  private readonly mute = element('mute-toggle', HTMLButtonElement);
  private readonly volume = element('volume', HTMLInputElement);
  private readonly pip = element('pip-toggle', HTMLButtonElement);
  private readonly fullscreen = element('fullscreen-toggle', HTMLButtonElement);
  private readonly stats = element('stats-toggle', HTMLButtonElement);
  private readonly onResume: () => void;
  private idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(screen: Screen, onStats: () => void, onResume: () => void) {
    this.screen = screen;
    this.onResume = onResume;
    this.play.addEventListener('click', () => this.togglePlay());
    this.mute.addEventListener('click', () => this.toggleMute());
    this.volume.addEventListener('input', () => this.setVolume(Number(this.volume.value) / 100));
    this.pip.addEventListener('click', () => void this.togglePip());
    this.fullscreen.addEventListener('click', () => void this.toggleFullscreen());
    this.stats.addEventListener('click', onStats);
    this.pip.hidden = !document.pictureInPictureEnabled;
    screen.listen(() => this.show());
    document.addEventListener('keydown', (event) => this.onKey(event));
    for (const event of ['pointermove', 'pointerdown', 'focusin']) {
      this.stage.addEventListener(event, () => this.wake());
    }
    this.show();
    this.wake();
  }

  private get video(): HTMLVideoElement {
    return this.screen.video;
  }

  /** Another player has taken over, and plays. */
  letGo(): void {
    this.isHeld = false;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    // A menu finds its entries by their letters.
    if (target instanceof HTMLSelectElement) return;
    // A slider has its own use for arrows, and a button for the space bar.
    const isSlider = target instanceof HTMLInputElement;
    const isButton = target instanceof HTMLButtonElement;
    const actions: Record<string, (() => void) | undefined> = {
      ' ': isButton ? undefined : () => this.togglePlay(),
      k: () => this.togglePlay(),
      m: () => this.toggleMute(),
      f: () => void this.toggleFullscreen(),
      s: () => this.stats.click(),
      ArrowUp: isSlider ? undefined : () => this.setVolume(this.video.volume + VOLUME_STEP),
      ArrowDown: isSlider ? undefined : () => this.setVolume(this.video.volume - VOLUME_STEP),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    this.wake();
    action();
  }

  private togglePlay(): void {
    this.isHeld = !this.video.paused;
    if (this.isHeld) this.video.pause();
    else {
      void this.video.play().catch(() => this.show());
      this.onResume();
    }
  }

  private toggleMute(): void {
    this.video.muted = !this.video.muted;
    // Not only when the element tells of it: the next key may be there before that, for a slider that is still at zero.
    this.show();
  }

  private setVolume(volume: number): void {
    this.video.volume = Math.min(1, Math.max(0, volume));
    this.video.muted = this.video.volume === 0;
    this.show();
  }

  private async togglePip(): Promise<void> {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.video.requestPictureInPicture();
    } catch {
      // The browser has said no, or there is no picture yet; the page goes on as it was.
    }
  }

  private async toggleFullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else if (document.fullscreenEnabled) await this.stage.requestFullscreen();
      else (this.video as PhoneVideo).webkitEnterFullscreen?.();
    } catch {
      // As above.
    }
  }

  private wake(): void {
    clearTimeout(this.idleTimer);
    this.stage.dataset.idle = 'false';
    this.idleTimer = setTimeout(() => {
      this.stage.dataset.idle = 'true';
    }, IDLE_MS);
  }

  private show(): void {
    const isSilent = this.video.muted || this.video.volume === 0;
    this.play.dataset.off = String(this.video.paused);
    this.play.setAttribute('aria-label', this.video.paused ? 'Play' : 'Pause');
    this.mute.dataset.off = String(isSilent);
    this.mute.setAttribute('aria-label', isSilent ? 'Unmute' : 'Mute');
    this.volume.value = String(isSilent ? 0 : Math.round(this.video.volume * 100));
  }
}
