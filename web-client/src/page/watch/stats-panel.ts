import type { RtcConnection } from '../../rtc/rtc-session.ts';
import type { StatsSource } from '../../stats/entry.ts';
import { InboundStats, type PlayFigures } from '../../stats/inbound.ts';
import { element, within } from '../element.ts';
import { bitrate, codec, milliseconds, percent, rate, size, text } from '../figures.ts';
import { Hydrograph } from '../hydrograph.ts';

/** How often the figures change: often enough to follow, slow enough to read. */
const READ_MS = 1_000;

/** The statistics over the picture. Nothing is read while they are not shown. */
export class StatsPanel {
  private readonly panel = element('stats', HTMLElement);
  private readonly toggle = element('stats-toggle', HTMLButtonElement);
  private readonly hydrograph: Hydrograph;
  private readonly connection: () => RtcConnection | undefined;
  private stats = new InboundStats();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(connection: () => RtcConnection | undefined) {
    this.connection = connection;
    this.hydrograph = new Hydrograph(within(this.panel, '.hydrograph', SVGSVGElement));
  }

  flip(): void {
    const isShown = this.panel.hidden;
    this.panel.hidden = !isShown;
    this.toggle.setAttribute('aria-pressed', String(isShown));
    clearInterval(this.timer);
    if (!isShown) return;
    this.stats = new InboundStats();
    this.hydrograph.clear();
    void this.read();
    this.timer = setInterval(() => void this.read(), READ_MS);
  }

  private async read(): Promise<void> {
    const report = await this.connection()?.getStats();
    const figures = this.stats.figures((report ?? []) as StatsSource);
    this.show(figures);
    if (figures.bitrateBps !== undefined) this.hydrograph.add(figures.bitrateBps);
  }

  private show(figures: PlayFigures): void {
    const rows: Record<string, string> = {
      delay: milliseconds(figures.delayMs),
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
