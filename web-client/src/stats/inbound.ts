import { perSecond, Snapshot, type StatsEntry, type StatsSource } from './entry.ts';

/** What a player receives at the moment. */
export interface PlayFigures {
  /**
   * Estimate of the delay that the network and this browser add: half a round trip, the wait in the
   * jitter buffer, and decoding. The way from the publisher to the server is not in it.
   */
  delayMs: number | undefined;
  roundTripMs: number | undefined;
  bitrateBps: number | undefined;
  framesPerSecond: number | undefined;
  widthPx: number | undefined;
  heightPx: number | undefined;
  codec: string | undefined;
  /** Share of packets lost since the last reading, 0 to 1; those repaired do not count. */
  lossRatio: number | undefined;
  freezeCount: number | undefined;
  framesDropped: number | undefined;
}

/** Turns the reports of one connection into figures; each call compares with the last. */
export class InboundStats {
  private last: Snapshot | undefined;

  figures(source: StatsSource): PlayFigures {
    const snapshot = new Snapshot(source);
    const inbound = snapshot.ofType('inbound-rtp');
    const video = inbound.find((entry) => entry.kind === 'video');
    const before = this.last?.byId(video?.id);
    const roundTripMs = snapshot.roundTripMs;
    const figures: PlayFigures = {
      delayMs: video && delayMs(before, video, roundTripMs),
      roundTripMs,
      bitrateBps: this.bitrateBps(inbound),
      framesPerSecond:
        video && (video.framesPerSecond ?? perSecond(before, video, 'framesDecoded')),
      widthPx: video?.frameWidth,
      heightPx: video?.frameHeight,
      codec: video && snapshot.codecOf(video),
      lossRatio: this.lossRatio(inbound),
      freezeCount: video?.freezeCount,
      framesDropped: video?.framesDropped,
    };
    this.last = snapshot;
    return figures;
  }

  private bitrateBps(inbound: StatsEntry[]): number | undefined {
    const rates = inbound.flatMap(
      (entry) => perSecond(this.last?.byId(entry.id), entry, 'bytesReceived') ?? [],
    );
    return rates.length > 0 ? rates.reduce((a, b) => a + b) * 8 : undefined;
  }

  private lossRatio(inbound: StatsEntry[]): number | undefined {
    let lost = 0;
    let received = 0;
    for (const entry of inbound) {
      const before = this.last?.byId(entry.id);
      if (!before) continue;
      lost += (entry.packetsLost ?? 0) - (before.packetsLost ?? 0);
      received += (entry.packetsReceived ?? 0) - (before.packetsReceived ?? 0);
    }
    const expected = lost + received;
    // A packet that came late is subtracted again, so that a window can be below zero.
    return expected > 0 ? Math.max(0, lost) / expected : undefined;
  }
}

function delayMs(
  before: StatsEntry | undefined,
  after: StatsEntry,
  roundTripMs: number | undefined,
): number | undefined {
  const bufferMs = meanMs(before, after, 'jitterBufferDelay', 'jitterBufferEmittedCount');
  if (bufferMs === undefined) return undefined;
  const decodeMs = meanMs(before, after, 'totalDecodeTime', 'framesDecoded') ?? 0;
  return bufferMs + decodeMs + (roundTripMs ?? 0) / 2;
}

/** The mean over the frames since the last reading, of a sum of seconds and its count. */
function meanMs(
  before: StatsEntry | undefined,
  after: StatsEntry,
  total: 'jitterBufferDelay' | 'totalDecodeTime',
  count: 'jitterBufferEmittedCount' | 'framesDecoded',
): number | undefined {
  const frames = (after[count] ?? 0) - (before?.[count] ?? 0);
  const seconds = (after[total] ?? 0) - (before?.[total] ?? 0);
  return frames > 0 ? (seconds / frames) * 1000 : undefined;
}
