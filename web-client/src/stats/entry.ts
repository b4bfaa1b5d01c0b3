/** The members of the W3C webrtc-stats dictionaries in use, all optional, as browsers have them. */
export interface StatsEntry {
  id: string;
  type: string;
  /** Milliseconds. */
  timestamp: number;
  kind?: string;
  rid?: string;
  codecId?: string;
  mimeType?: string;
  active?: boolean;
  nominated?: boolean;
  state?: string;
  selectedCandidatePairId?: string;
  currentRoundTripTime?: number;
  remoteId?: string;
  remoteTimestamp?: number;
  fractionLost?: number;
  bytesSent?: number;
  bytesReceived?: number;
  packetsReceived?: number;
  packetsLost?: number;
  framesPerSecond?: number;
  framesEncoded?: number;
  framesDecoded?: number;
  framesDropped?: number;
  frameWidth?: number;
  frameHeight?: number;
  freezeCount?: number;
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
  totalDecodeTime?: number;
  qualityLimitationReason?: string;
}

/** An `RTCStatsReport`, or an array in a test. */
export interface StatsSource {
  forEach(call: (entry: StatsEntry) => void): void;
}

/** One report, ready to be asked. */
export class Snapshot {
  private readonly entries = new Map<string, StatsEntry>();

  constructor(source: StatsSource) {
    source.forEach((entry) => {
      this.entries.set(entry.id, entry);
    });
  }

  byId(id: string | undefined): StatsEntry | undefined {
    return id === undefined ? undefined : this.entries.get(id);
  }

  ofType(type: string): StatsEntry[] {
    return [...this.entries.values()].filter((entry) => entry.type === type);
  }

  /** Round trip of the candidate pair in use. */
  get roundTripMs(): number | undefined {
    const selected = this.ofType('transport')
      .map((transport) => this.byId(transport.selectedCandidatePairId))
      .find((pair) => pair !== undefined);
    // Firefox has no transport entry and marks the pair itself.
    const nominated = this.ofType('candidate-pair').find(
      (pair) => pair.nominated && pair.state === 'succeeded',
    );
    const seconds = (selected ?? nominated)?.currentRoundTripTime;
    return seconds === undefined ? undefined : seconds * 1000;
  }

  /** `H264` and the like. */
  codecOf(entry: StatsEntry): string | undefined {
    return this.byId(entry.codecId)?.mimeType?.replace(/^\w+\//, '');
  }
}

/** The growth of a counter per second; undefined before there are two readings of one stream. */
export function perSecond(
  before: StatsEntry | undefined,
  after: StatsEntry,
  counter: 'bytesSent' | 'bytesReceived' | 'framesEncoded' | 'framesDecoded',
): number | undefined {
  const from = before?.[counter];
  const to = after[counter];
  if (!before || from === undefined || to === undefined) return undefined;
  const seconds = (after.timestamp - before.timestamp) / 1000;
  return seconds > 0 && to >= from ? (to - from) / seconds : undefined;
}
