import { element } from '../element.ts';

/** What a change of its state is told by. */
const EVENTS = ['play', 'pause', 'volumechange'];

/**
 * Two `<video>`s, one upon the other: what people see, and behind it what is being made ready. To
 * everything else on the page they are one, with one volume.
 */
export class Screen {
  private shown = element('video', HTMLVideoElement);
  private hidden = element('video-behind', HTMLVideoElement);
  private readonly listeners: (() => void)[] = [];

  constructor() {
    for (const video of [this.shown, this.hidden]) {
      for (const event of EVENTS) {
        video.addEventListener(event, () => {
          if (video === this.shown) this.tell();
        });
      }
    }
  }

  /** What people see. */
  get video(): HTMLVideoElement {
    return this.shown;
  }

  /** What is behind it; it makes no sound. */
  get behind(): HTMLVideoElement {
    return this.hidden;
  }

  /** Calls when what people see begins, stops, or changes its volume. */
  listen(call: () => void): void {
    this.listeners.push(call);
  }

  /** Brings what is behind to the front, with the sound as people have set it. */
  change(): void {
    const [old, next] = [this.shown, this.hidden];
    const { volume, muted } = old;
    [this.shown, this.hidden] = [next, old];
    Object.assign(next, { volume, muted });
    old.muted = true;
    next.dataset.testid = 'video';
    old.dataset.testid = 'video-behind';
    next.removeAttribute('aria-hidden');
    old.setAttribute('aria-hidden', 'true');
    if (document.pictureInPictureElement === old) {
      // It needs no click where another has been there.
      void next.requestPictureInPicture().catch(() => undefined);
    }
    this.tell();
  }

  private tell(): void {
    for (const call of this.listeners) call();
  }
}
