import { describe, expect, it } from 'vitest';
import type { StatsEntry } from '../src/stats/entry.ts';
import { InboundStats } from '../src/stats/inbound.ts';
import { OutboundStats } from '../src/stats/outbound.ts';

const PATH: StatsEntry[] = [
  { id: 't', type: 'transport', timestamp: 0, selectedCandidatePairId: 'p' },
  { id: 'other', type: 'candidate-pair', timestamp: 0, currentRoundTripTime: 9 },
  { id: 'p', type: 'candidate-pair', timestamp: 0, currentRoundTripTime: 0.02 },
  { id: 'c', type: 'codec', timestamp: 0, mimeType: 'video/H264' },
];

function layer(
  rid: string,
  timestamp: number,
  bytesSent: number,
  frameHeight?: number,
): StatsEntry {
  const size = frameHeight === undefined ? {} : { frameHeight, frameWidth: (frameHeight * 16) / 9 };
  return {
    id: rid,
    type: 'outbound-rtp',
    kind: 'video',
    codecId: 'c',
    rid,
    timestamp,
    bytesSent,
    framesPerSecond: 30,
    qualityLimitationReason: rid === 'f' ? 'cpu' : 'none',
    ...size,
  };
}

describe('what a publisher sends', () => {
  const stats = () => {
    const outbound = new OutboundStats();
    outbound.figures([...PATH, layer('f', 1_000, 0, 720), layer('q', 1_000, 0, 180)]);
    return outbound;
  };

  it('is counted per layer from low to high, and in sum', () => {
    const figures = stats().figures([
      ...PATH,
      layer('f', 3_000, 500_000, 720),
      layer('q', 3_000, 50_000, 180),
      { id: 'r', type: 'remote-inbound-rtp', timestamp: 3_000, fractionLost: 0.25 },
    ]);
    expect(figures).toMatchObject({
      bitrateBps: 2_200_000,
      framesPerSecond: 30,
      roundTripMs: 20,
      lossRatio: 0.25,
      widthPx: 1280,
      heightPx: 720,
      codec: 'H264',
    });
    expect(
      figures.layers.map(({ rid, bitrateBps, limitation }) => [rid, bitrateBps, limitation]),
    ).toEqual([
      ['q', 200_000, undefined],
      ['f', 2_000_000, 'cpu'],
    ]);
  });

  it('is of the largest layer that is sent', () => {
    const figures = stats().figures([layer('q', 3_000, 50_000, 180), layer('f', 3_000, 0)]);
    expect(figures.heightPx).toBe(180);
    expect(figures.layers.map(({ isActive }) => isActive)).toEqual([true, false]);
  });

  it('is unknown before the second reading, and after a counter began anew', () => {
    expect(new OutboundStats().figures([layer('f', 1_000, 9)]).bitrateBps).toBeUndefined();
    const outbound = new OutboundStats();
    outbound.figures([layer('f', 1_000, 9_000)]);
    expect(outbound.figures([layer('f', 2_000, 10)]).bitrateBps).toBeUndefined();
  });
});

describe('what a player receives', () => {
  const video = (timestamp: number, more: Partial<StatsEntry>): StatsEntry => ({
    id: 'v',
    type: 'inbound-rtp',
    kind: 'video',
    codecId: 'c',
    timestamp,
    ...more,
  });

  it('has the delay of the frames since the last reading: buffer, decoding, half a round trip', () => {
    const inbound = new InboundStats();
    inbound.figures([
      ...PATH,
      video(1_000, {
        jitterBufferDelay: 100,
        jitterBufferEmittedCount: 100,
        totalDecodeTime: 5,
        framesDecoded: 100,
      }),
    ]);
    const figures = inbound.figures([
      ...PATH,
      video(2_000, {
        jitterBufferDelay: 100.9,
        jitterBufferEmittedCount: 130,
        totalDecodeTime: 5.15,
        framesDecoded: 130,
      }),
    ]);
    expect(figures.delayMs).toBeCloseTo(30 + 5 + 10);
    expect(figures.framesPerSecond).toBe(30);
  });

  it('has the loss of the last second, and none when late packets were counted back', () => {
    const inbound = new InboundStats();
    inbound.figures([video(1_000, { packetsLost: 10, packetsReceived: 100 })]);
    const second = [video(2_000, { packetsLost: 15, packetsReceived: 195 })];
    expect(inbound.figures(second).lossRatio).toBeCloseTo(0.05);
    const third = [video(3_000, { packetsLost: 12, packetsReceived: 295 })];
    expect(inbound.figures(third).lossRatio).toBe(0);
  });

  it('is unknown without media', () => {
    expect(new InboundStats().figures([])).toMatchObject({
      delayMs: undefined,
      bitrateBps: undefined,
      codec: undefined,
      lossRatio: undefined,
    });
  });
});
