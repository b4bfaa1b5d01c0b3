import type { PlayFigures } from '../../stats/inbound.ts';
import { element, within } from '../element.ts';
import { bitrate, codec, milliseconds, percent, rate, size, text } from '../figures.ts';
import { Hydrograph } from '../hydrograph.ts';
import type { Player } from './player.ts';

/** How often the figures change: often enough to follow, slow enough to read. */
const READ_MS = 1_000;

/** The statistics over the picture. Nothing is read while they are not shown. */
export class StatsPanel {
  private readonly panel = element('stats', HTMLElement);
  private readonly toggle = element('stats-toggle', HTMLButtonElement);
  private readonly hydrograph: Hydrograph;
  private readonly player: () => Player;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(player: () => Player) {
    this.player = player;
    this.hydrograph = new Hydrograph(within(this.panel, '.hydrograph', SVGSVGElement));
  }

  flip(): void {
    const isShown = this.panel.hidden;
    this.panel.hidden = !isShown;
    this.toggle.setAttribute('aria-pressed', String(isShown));
    clearInterval(this.timer);
    if (!isShown) return;
    this.hydrograph.clear();
    void this.read();
    this.timer = setInterval(() => void this.read(), READ_MS);
  }

  private async read(): Promise<void> {
    const figures = await this.player().read();
    this.show(figures);
    this.showDelay(figures.captureDelayMs, figures.delayMs);
    if (figures.bitrateBps !== undefined) this.hydrograph.add(figures.bitrateBps);
  }

  /** From capture to screen where that is known, else the part of it that is this side of the server. */
  private showDelay(captureMs: number | undefined, receivingMs: number | undefined): void {
    const isWhole = captureMs !== undefined;
    const label = isWhole ? 'Delay from capture' : 'Delay, estimated';
    within(this.panel, '[data-label="delay"]', HTMLElement).textContent = label;
    const figure = within(this.panel, '[data-figure="delay"]', HTMLElement);
    figure.textContent = milliseconds(captureMs ?? receivingMs);
    figure.dataset.from = isWhole ? 'capture' : 'server';
  }

  private show(figures: PlayFigures): void {
    const rows: Record<string, string> = {
      'round-trip': milliseconds(figures.roundTripMs),
      size: size(figures.widthPx, figures.heightPx),
      fps: rate(figures.framesPerSecond),
      bitrate: bitrate(figures.bitrateBps),
      codec: codec(figures.codec),
      loss: percent(figures.lossRatio),
      freezes: text(figures.freezeCount),
    };
    for (const [name, value] of Object.entries(rows)) {
      within(this.panel, `[data-figure="${name}"]`, HTMLElement).textContent = value;
    }
  }
}
