import { perSecond, Snapshot, type StatsEntry, type StatsSource } from './entry.ts';

/** What one encoding does at the moment. */
export interface LayerFigures {
  /** Undefined where the track has one encoding without a name. */
  rid: string | undefined;
  isActive: boolean;
  widthPx: number | undefined;
  heightPx: number | undefined;
  framesPerSecond: number | undefined;
  bitrateBps: number | undefined;
  /** Why the encoder holds back: `cpu`, `bandwidth`; undefined when it does not. */
  limitation: string | undefined;
}

/** What a publisher sends at the moment. */
export interface PublishFigures {
  bitrateBps: number | undefined;
  framesPerSecond: number | undefined;
  roundTripMs: number | undefined;
  /** Share of packets that the server misses, 0 to 1, worst of the tracks. */
  lossRatio: number | undefined;
  widthPx: number | undefined;
  heightPx: number | undefined;
  codec: string | undefined;
  /** Low to high. */
  layers: LayerFigures[];
}

/** Turns the reports of one connection into figures; each call compares with the last. */
export class OutboundStats {
  private last: Snapshot | undefined;

  figures(source: StatsSource): PublishFigures {
    const snapshot = new Snapshot(source);
    const outbound = snapshot.ofType('outbound-rtp');
    const videos = outbound.filter((entry) => entry.kind === 'video');
    const layers = videos.map((entry) => this.layer(entry)).sort(lowToHigh);
    const top = layers.findLast((layer) => layer.isActive && layer.heightPx !== undefined);
    const losses = snapshot
      .ofType('remote-inbound-rtp')
      .flatMap((entry) => entry.fractionLost ?? []);
    const figures: PublishFigures = {
      bitrateBps: sum(outbound.map((entry) => this.bitrateBps(entry))),
      framesPerSecond: top?.framesPerSecond,
      roundTripMs: snapshot.roundTripMs,
      lossRatio: losses.length > 0 ? Math.max(...losses) : undefined,
      widthPx: top?.widthPx,
      heightPx: top?.heightPx,
      codec: videos[0] && snapshot.codecOf(videos[0]),
      layers,
    };
    this.last = snapshot;
    return figures;
  }

  private layer(entry: StatsEntry): LayerFigures {
    const framesPerSecond =
      entry.framesPerSecond ?? perSecond(this.last?.byId(entry.id), entry, 'framesEncoded');
    const reason = entry.qualityLimitationReason;
    return {
      rid: entry.rid,
      isActive: (entry.active ?? true) && entry.frameHeight !== undefined,
      widthPx: entry.frameWidth,
      heightPx: entry.frameHeight,
      framesPerSecond,
      bitrateBps: this.bitrateBps(entry),
      limitation: reason === 'none' ? undefined : reason,
    };
  }

  private bitrateBps(entry: StatsEntry): number | undefined {
    const bytes = perSecond(this.last?.byId(entry.id), entry, 'bytesSent');
    return bytes === undefined ? undefined : bytes * 8;
  }
}

const RID_ORDER = ['q', 'h', 'f'];

function lowToHigh(a: LayerFigures, b: LayerFigures): number {
  return RID_ORDER.indexOf(a.rid ?? '') - RID_ORDER.indexOf(b.rid ?? '');
}

function sum(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? known.reduce((a, b) => a + b) : undefined;
}
