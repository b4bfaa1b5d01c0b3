import { element, within } from '../element.ts';
import type { Aims, Way } from './changeover.ts';

/** The menu of ways to watch, where there is more than one. */
export class WayMenu {
  private readonly box = element('way', HTMLElement);
  private readonly menu = element('way-menu', HTMLSelectElement);
  private readonly interactive = within(this.menu, '[value="whep"]', HTMLOptionElement);

  constructor(onChoose: (way: Way) => void) {
    const chosen = () => (this.menu.value === 'hls' ? 'hls' : 'whep');
    this.menu.addEventListener('change', () => onChoose(chosen()));
  }

  /**
   * `isOffered`: whether the stream can be played by HLS. `isKeptFromWhep`: whether it is because
   * WHEP did not get through.
   */
  show({ shown, incoming, isAsked }: Aims, isOffered: boolean, isKeptFromWhep: boolean): void {
    this.box.hidden = !isOffered;
    this.menu.value = (isAsked ? incoming : undefined)?.way ?? shown.way;
    this.box.dataset.shown = shown.way;
    this.interactive.text = isKeptFromWhep ? 'Interactive: try again' : 'Interactive';
  }
}
