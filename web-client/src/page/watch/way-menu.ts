import { element } from '../element.ts';
import type { Aims, Way } from './changeover.ts';

/** The menu of ways to watch, where there is more than one. */
export class WayMenu {
  private readonly box = element('way', HTMLElement);
  private readonly menu = element('way-menu', HTMLSelectElement);

  constructor(onChoose: (way: Way) => void) {
    this.menu.addEventListener('change', () => onChoose(this.menu.value === 'hls' ? 'hls' : 'whep'));
  }

  /** `isOffered`: whether the stream can be played by HLS. */
  show({ shown, incoming, isAsked }: Aims, isOffered: boolean): void {
    this.box.hidden = !isOffered;
    this.menu.value = (isAsked ? incoming : undefined)?.way ?? shown.way;
    this.box.dataset.shown = shown.way;
  }
}
