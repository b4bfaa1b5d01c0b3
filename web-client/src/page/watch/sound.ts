import { element } from '../element.ts';

/**
 * Starts the picture with sound where the browser allows it, and without where it does not; then
 * one button over the picture brings the sound with one click.
 */
export class Sound {
  private readonly video: HTMLVideoElement;
  private readonly button = element('unmute', HTMLButtonElement);

  constructor(video: HTMLVideoElement) {
    this.video = video;
    this.button.addEventListener('click', () => this.unmute());
    video.addEventListener('volumechange', () => {
      if (!video.muted) this.button.hidden = true;
    });
  }

  async start(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      // Any other error is of a source that was replaced meanwhile, and its own start follows.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.video.muted = true;
      this.button.hidden = false;
      await this.video.play().catch(() => undefined);
    }
  }

  private unmute(): void {
    this.button.hidden = true;
    this.video.muted = false;
    if (this.video.volume === 0) this.video.volume = 1;
    void this.video.play().catch(() => undefined);
  }
}
