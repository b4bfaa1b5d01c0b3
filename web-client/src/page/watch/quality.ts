import { sizesOf } from '../../signaling/layers.ts';
import type { LayerSelection, VideoLayer } from '../../whep.ts';
import { element } from '../element.ts';
import { layerText, qualityText } from '../quality-text.ts';

/** The value of the menu's first entry. */
const AUTO = '';

/** What the menu calls a size: its rid, or the layer inside the only encoding. */
function valueOf({ rid, spatialLayerId }: VideoLayer): string {
  return rid ?? `spatial-${spatialLayerId ?? 0}`;
}

function selectionOf({ rid, spatialLayerId }: VideoLayer): LayerSelection {
  if (rid !== undefined) return { rid };
  return spatialLayerId === undefined ? {} : { spatialLayerId };
}

/** The menu of layers, and the line that says which one arrives and why. */
export class Quality {
  private readonly box = element('quality', HTMLElement);
  private readonly menu = element('quality-menu', HTMLSelectElement);
  private readonly why = element('quality-why', HTMLElement);
  private selections = new Map<string, LayerSelection>();
  private heights = new Map<string, number | undefined>();
  /** What a person has chosen, which another way of playing may have under another name. */
  private chosenPx: number | undefined;
  private readonly onSelect: (selection: LayerSelection) => void;

  constructor(onSelect: (selection: LayerSelection) => void) {
    this.onSelect = onSelect;
    this.menu.addEventListener('change', () => {
      this.chosenPx = this.heights.get(this.menu.value);
      this.onSelect(this.selections.get(this.menu.value) ?? {});
    });
  }

  /** The server's last word on the layers. With one of them there is nothing to choose. */
  show(layers: VideoLayer[]): void {
    const choices = sizesOf(layers);
    this.box.hidden = choices.length < 2;
    if (this.box.hidden) return;
    this.selections = new Map(choices.map((layer) => [valueOf(layer), selectionOf(layer)]));
    this.heights = new Map(choices.map((layer) => [valueOf(layer), layer.heightPx]));
    const entries = [...choices].reverse().map((layer) => ({
      value: valueOf(layer),
      text: layerText(layer),
      // What is not sent now may be because nobody wants it; what never was has no size, and cannot be had.
      isDisabled: layer.bitrateBps === 0 && layer.heightPx === undefined,
    }));
    this.fill([{ value: AUTO, text: 'Auto', isDisabled: false }, ...entries]);
    this.why.textContent = qualityText(choices, this.menu.value === AUTO);
    const current = choices.find((layer) => layer.isCurrent);
    this.box.dataset.current = current ? valueOf(current) : '';
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
      if (this.menu.value !== selected) this.carryOver();
    }
    for (const [index, { text, isDisabled }] of entries.entries()) {
      const option = options[index];
      if (!option) continue;
      // An open menu is not disturbed for nothing.
      if (option.text !== text) option.text = text;
      option.disabled = isDisabled && !option.selected;
    }
  }

  /** The choice of a height goes with the viewer to where another player calls it by another name. */
  private carryOver(): void {
    for (const [value, heightPx] of this.heights) {
      if (heightPx === undefined || heightPx !== this.chosenPx) continue;
      this.menu.value = value;
      this.onSelect(this.selections.get(value) ?? {});
    }
  }
}
