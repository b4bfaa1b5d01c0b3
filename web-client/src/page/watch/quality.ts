import type { LayerSelection, VideoLayer } from '../../whep.ts';
import { element } from '../element.ts';
import { layerText, qualityText } from '../quality-text.ts';

/** The value of the menu's first entry. */
const AUTO = '';

/** The menu of layers, and the line that says which one arrives and why. */
export class Quality {
  private readonly box = element('quality', HTMLElement);
  private readonly menu = element('quality-menu', HTMLSelectElement);
  private readonly why = element('quality-why', HTMLElement);
  private readonly onSelect: (selection: LayerSelection) => void;

  constructor(onSelect: (selection: LayerSelection) => void) {
    this.onSelect = onSelect;
    this.menu.addEventListener('change', () => {
      const rid = this.menu.value;
      this.onSelect(rid === AUTO ? {} : { rid });
    });
  }

  /** The server's last word on the layers. With one of them there is nothing to choose. */
  show(layers: VideoLayer[]): void {
    const choices = layers.filter((layer) => layer.rid !== undefined);
    this.box.hidden = choices.length < 2;
    if (this.box.hidden) return;
    const entries = [...choices].reverse().map((layer) => ({
      value: layer.rid ?? AUTO,
      text: layerText(layer),
      // What is not sent now may be because nobody wants it; what never was has no size, and cannot be had.
      isDisabled: layer.bitrateBps === 0 && layer.heightPx === undefined,
    }));
    this.fill([{ value: AUTO, text: 'Auto', isDisabled: false }, ...entries]);
    this.why.textContent = qualityText(choices, this.menu.value === AUTO);
    this.box.dataset.current = choices.find((layer) => layer.isCurrent)?.rid ?? '';
    this.menu.title = this.why.textContent;
  }

  /** What was selected before a session was lost is selected again by the player, so the menu keeps it. */
  private fill(entries: { value: string; text: string; isDisabled: boolean }[]): void {
    const { options } = this.menu;
    const isSame = entries.every(({ value }, index) => options[index]?.value === value);
    if (!isSame || options.length !== entries.length) {
      const selected = this.menu.value;
      this.menu.replaceChildren(...entries.map(({ value }) => new Option('', value)));
      this.menu.value = entries.some(({ value }) => value === selected) ? selected : AUTO;
    }
    for (const [index, { text, isDisabled }] of entries.entries()) {
      const option = options[index];
      if (!option) continue;
      // An open menu is not disturbed for nothing.
      if (option.text !== text) option.text = text;
      option.disabled = isDisabled && !option.selected;
    }
  }
}
