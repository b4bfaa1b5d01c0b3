import { element } from '../element.ts';
import type { Screen } from './screen.ts';

/**
 * Starts the picture with sound where the browser allows it, and without where it does not; then
 * one button over the picture brings the sound with one click.
 */
export class Sound {
  private readonly screen: Screen;
  private readonly button = element('unmute', HTMLButtonElement);

  constructor(screen: Screen) {
    this.screen = screen;
    this.button.addEventListener('click', () => this.unmute());
    screen.listen(() => {
      if (!screen.video.muted) this.button.hidden = true;
    });
  }

  async start(): Promise<void> {
    const { video } = this.screen;
    try {
      await video.play();
    } catch (error) {
      // Any other error is of a source that was replaced meanwhile, and its own start follows.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      video.muted = true;
      this.button.hidden = false;
      await video.play().catch(() => undefined);
    }
  }

  private unmute(): void {
    const { video } = this.screen;
    this.button.hidden = true;
    video.muted = false;
    if (video.volume === 0) video.volume = 1;
    void video.play().catch(() => undefined);
  }
}
