import { describe, expect, it } from 'vitest';
import { codecPreferences, sendableCodecs } from '../src/rtc/codecs.ts';
import { sendEncodings, suitableBitrateBps } from '../src/rtc/encodings.ts';
import { countPackets, FlowWatch } from '../src/rtc/flow.ts';
import { VirtualClock } from './virtual-clock.ts';

const CAPABILITIES = {
  codecs: [
    { mimeType: 'video/VP8', clockRate: 90000 },
    { mimeType: 'video/rtx', clockRate: 90000 },
    { mimeType: 'video/H264', clockRate: 90000, sdpFmtpLine: 'packetization-mode=0' },
    { mimeType: 'video/H264', clockRate: 90000, sdpFmtpLine: 'packetization-mode=1' },
    { mimeType: 'video/red', clockRate: 90000 },
  ],
  headerExtensions: [],
};

describe('codecs', () => {
  it('are those that both the browser and the server have, in the order of preference', () => {
    expect(sendableCodecs(CAPABILITIES)).toEqual(['H264', 'VP8']);
    expect(sendableCodecs(null)).toEqual([]);
  });

  it('are offered alone, with retransmission and the better mode first', () => {
    const lines = codecPreferences(CAPABILITIES, 'video/H264').map(
      ({ mimeType, sdpFmtpLine }) => sdpFmtpLine ?? mimeType,
    );
    expect(lines).toEqual(['packetization-mode=1', 'packetization-mode=0', 'video/rtx']);
  });

  it('of sound go out with redundancy, which must come first', () => {
    const codecs = ['audio/opus', 'audio/red', 'audio/PCMU'];
    const capabilities = codecs.map((mimeType) => ({ mimeType, clockRate: 48000 }));
    const preferred = codecPreferences({ codecs: capabilities, headerExtensions: [] }, 'audio/opus');
    expect(preferred.map(({ mimeType }) => mimeType)).toEqual(['audio/red', 'audio/opus']);
  });

  it('are left to the browser where it has not got the wanted one', () => {
    expect(codecPreferences(CAPABILITIES, 'video/AV1')).toEqual([]);
  });
});

describe('encodings', () => {
  const plan = {
    codec: 'H264',
    layers: 'simulcast',
    heightPx: 720,
    bitrateMaxBps: undefined,
  } as const;

  it('are one without a name, or three from low to high', () => {
    expect(sendEncodings({ ...plan, layers: 'none' })).toEqual([{ maxBitrate: 2_500_000 }]);
    const encodings = sendEncodings(plan);
    expect(encodings.map(({ rid }) => rid)).toEqual(['q', 'h', 'f']);
    expect(encodings.map((encoding) => encoding.scaleResolutionDownBy)).toEqual([4, 2, 1]);
    const rates = encodings.map(({ maxBitrate }) => maxBitrate ?? 0);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(rates[2]).toBe(2_500_000);
  });

  it('never fall below what an encoder can work with', () => {
    const encodings = sendEncodings({ ...plan, bitrateMaxBps: 200_000 });
    expect(Math.min(...encodings.map(({ maxBitrate }) => maxBitrate ?? 0))).toBe(150_000);
    expect(suitableBitrateBps(90)).toBe(150_000);
  });

  it('are real simulcast in the codecs that would make spatial layers of them', () => {
    for (const codec of ['VP9', 'AV1'] as const) {
      for (const encoding of sendEncodings({ ...plan, codec })) {
        expect(encoding).toMatchObject({ scalabilityMode: 'L1T1' });
      }
    }
    expect(sendEncodings(plan)[0]).not.toHaveProperty('scalabilityMode');
  });

  it('are one with three sizes inside where that is wanted and the codec can', () => {
    const scalable = { ...plan, layers: 'scalable' } as const;
    for (const codec of ['VP9', 'AV1'] as const) {
      // As much as the three encodings of simulcast.
      const rates = sendEncodings({ ...plan, codec }).map(({ maxBitrate }) => maxBitrate ?? 0);
      const maxBitrate = rates.reduce((sum, rate) => sum + rate);
      const [only, ...others] = sendEncodings({ ...scalable, codec });
      expect(only).toMatchObject({ scalabilityMode: 'L3T3_KEY' });
      expect(Math.abs((only?.maxBitrate ?? 0) - maxBitrate)).toBeLessThan(3);
      expect(others).toEqual([]);
    }
    expect(sendEncodings({ ...scalable, codec: 'VP8' })).toEqual(sendEncodings({ ...plan, codec: 'VP8' }));
  });
});

describe('the watch over the flow', () => {
  function watch(counts: () => number) {
    const clock = new VirtualClock();
    const reports: [number, boolean][] = [];
    const flow = new FlowWatch(
      clock,
      async () => counts(),
      (isFlowing) => reports.push([clock.nowMs(), isFlowing]),
    );
    return { clock, reports, flow };
  }

  it('tells of the first packet soon, of its absence after a while, and of its return', async () => {
    let packets = 0;
    const { clock, reports } = watch(() => packets);
    await clock.advance(200);
    packets = 1;
    await clock.advance(50);
    expect(reports).toEqual([[250, true]]);
    await clock.advance(5_000);
    expect(reports).toEqual([
      [250, true],
      [2_750, false],
    ]);
    packets = 2;
    await clock.advance(500);
    expect(reports.at(-1)?.[1]).toBe(true);
  });

  it('tells when no packet ever comes', async () => {
    const { clock, reports } = watch(() => 0);
    await clock.advance(10_000);
    expect(reports).toEqual([[2_500, false]]);
  });

  it('is silent when it was stopped', async () => {
    let packets = 0;
    const { clock, reports, flow } = watch(() => packets);
    await clock.advance(100);
    flow.stop();
    packets = 1;
    await clock.advance(10_000);
    expect(reports).toEqual([]);
  });

  it('counts the packets of all tracks', () => {
    const report = new Map([
      ['a', { type: 'inbound-rtp', packetsReceived: 2 }],
      ['b', { type: 'inbound-rtp', packetsReceived: 3 }],
      ['c', { type: 'transport', packetsReceived: 9 }],
    ]);
    expect(countPackets(report as unknown as RTCStatsReport)).toBe(5);
  });
});
