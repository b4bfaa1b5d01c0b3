import type { RtcConnection } from '../../rtc/rtc-session.ts';
import type { StatsSource } from '../../stats/entry.ts';
import { type LayerFigures, OutboundStats, type PublishFigures } from '../../stats/outbound.ts';
import { copyOf, element, within } from '../element.ts';
import { bitrate, codec, duration, milliseconds, percent, rate, size } from '../figures.ts';
import { Hydrograph } from '../hydrograph.ts';

/** How often the figures change: often enough to follow, slow enough to read. */
const READ_MS = 1_000;

const LAYER_NAMES: Record<string, string> = { q: 'low (q)', h: 'middle (h)', f: 'full (f)' };
const LIMITS: Record<string, string> = { cpu: 'processor', bandwidth: 'network', other: 'browser' };

/** The figures under the preview while live. */
export class Readings {
  private readonly panel = element('stats', HTMLElement);
  private readonly layers = element('layers', HTMLTableSectionElement);
  private readonly clock = element('clock', HTMLElement);
  private readonly hydrograph = new Hydrograph(within(this.panel, '.hydrograph', SVGSVGElement));
  private stats = new OutboundStats();
  private startedMs = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** Shows the figures of whatever connection is at hand, until `stop`. */
  start(connection: () => RtcConnection | undefined): void {
    if (this.timer !== undefined) return;
    this.stats = new OutboundStats();
    this.hydrograph.clear();
    this.startedMs = performance.now();
    this.panel.hidden = false;
    this.clock.hidden = false;
    const read = () => void this.read(connection());
    read();
    this.timer = setInterval(read, READ_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.panel.hidden = true;
    this.clock.hidden = true;
  }

  private async read(connection: RtcConnection | undefined): Promise<void> {
    const report = await connection?.getStats();
    const figures = this.stats.figures((report ?? []) as StatsSource);
    this.show(figures);
    if (figures.bitrateBps !== undefined) this.hydrograph.add(figures.bitrateBps);
    this.clock.textContent = duration((performance.now() - this.startedMs) / 1000);
  }

  private show(figures: PublishFigures): void {
    const rows: Record<string, string> = {
      bitrate: bitrate(figures.bitrateBps),
      fps: rate(figures.framesPerSecond),
      'round-trip': milliseconds(figures.roundTripMs),
      loss: percent(figures.lossRatio),
      size: size(figures.widthPx, figures.heightPx),
      codec: codec(figures.codec),
    };
    for (const [name, value] of Object.entries(rows)) {
      within(this.panel, `[data-figure="${name}"]`, HTMLElement).textContent = value;
    }
    while (this.layers.rows.length > figures.layers.length) this.layers.deleteRow(-1);
    figures.layers.forEach((layer, index) => {
      const row = this.layers.rows[index] ?? this.layers.appendChild(makeRow());
      showLayer(row, layer);
    });
  }
}

function makeRow(): HTMLTableRowElement {
  return copyOf('layer-row', HTMLTableRowElement);
}

function showLayer(row: HTMLTableRowElement, layer: LayerFigures): void {
  row.dataset.rid = layer.rid ?? '';
  row.dataset.active = String(layer.isActive);
  const cells: Record<string, string> = {
    name: layer.rid === undefined ? 'single' : (LAYER_NAMES[layer.rid] ?? layer.rid),
    size: layer.isActive ? size(layer.widthPx, layer.heightPx) : 'not sent',
    fps: rate(layer.framesPerSecond),
    bitrate: bitrate(layer.bitrateBps),
    limit: layer.limitation === undefined ? '' : (LIMITS[layer.limitation] ?? layer.limitation),
  };
  for (const [name, value] of Object.entries(cells)) {
    within(row, `[data-cell="${name}"]`, HTMLElement).textContent = value;
  }
}
