import { describe, expect, it } from 'vitest';
import { layerText, qualityText } from '../src/page/quality-text.ts';
import { EventParser } from '../src/signaling/event-parser.ts';
import { layersOf, sizesOf, type VideoLayer } from '../src/signaling/layers.ts';

describe('the event stream format', () => {
  const TEXT = ':hello\n\nevent: active\ndata: {}\n\nid: 7\nretry: 10\n\ndata:a\ndata: b\n\n';
  const EVENTS = [
    { name: 'active', data: '{}' },
    { name: 'message', data: 'a\nb' },
  ];

  it('is read whole', () => {
    expect(new EventParser().push(TEXT)).toEqual(EVENTS);
  });

  it('is read in pieces of any size, with any end of line', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = TEXT.replaceAll('\n', end);
      for (let size = 1; size < 12; size += 1) {
        const parser = new EventParser();
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        const events = pieces.flatMap((piece) => parser.push(piece));
        // A CR at the very end may be half of an end.
        expect([...events, ...parser.push('\n')], JSON.stringify([end, size])).toEqual(EVENTS);
      }
    }
  });

  it('is given up where an event does not end', () => {
    const parser = new EventParser();
    const endless = () => {
      for (let n = 0; n < 100; n += 1) parser.push('x'.repeat(1_000));
    };
    expect(endless).toThrow('without end');
  });

  it('has an edge at the longest piece of an event', () => {
    const parser = new EventParser();
    expect(parser.push('x'.repeat(65_536))).toEqual([]);
    expect(() => parser.push('x')).toThrow('without end');
  });
});

const LAYER: VideoLayer = {
  rid: 'h',
  spatialLayerId: 1,
  temporalLayerId: undefined,
  bitrateBps: 1_840_000,
  widthPx: 1280,
  heightPx: 720,
  isCurrent: true,
  why: 'best',
  carriesBps: undefined,
};

describe('the layers of an event', () => {
  it('are 32 at most, and the rest is passed over', () => {
    const layers = (n: number) => layersOf({ '1': Array.from({ length: n }, () => ({})) });
    expect([31, 32, 33].map((n) => layers(n).length)).toEqual([31, 32, 32]);
  });

  it('are read, and what is unknown is ignored (SE-13)', () => {
    const data = {
      '0': [],
      '1': [
        { rid: 'q', spatialLayerId: 0, bitrate: 0, targetBitrate: 9, future: { a: 1 } },
        {
          rid: 'h',
          spatialLayerId: 1,
          bitrate: 1_840_000,
          width: 1280,
          height: 720,
          current: true,
          why: 'best',
        },
        'no layer',
        { rid: 7, spatialLayerId: -1, bitrate: 'x', current: 'yes', why: 'because' },
      ],
      note: 'unknown',
    };
    const [low, high, strange] = layersOf(data);
    expect(low).toMatchObject({ rid: 'q', bitrateBps: 0, isCurrent: false, why: undefined });
    expect(high).toEqual(LAYER);
    expect(strange).toMatchObject({ rid: undefined, spatialLayerId: undefined, bitrateBps: 0 });
  });

  it('are none where there is none', () => {
    for (const data of [null, undefined, 7, 'x', [], {}, { '0': [] }, { '0': { rid: 'x' } }]) {
      expect(layersOf(data)).toEqual([]);
    }
  });

  it('are one for each size, and of that the frame rate that arrives', () => {
    const at = (spatialLayerId: number, temporalLayerId: number, isCurrent = false): VideoLayer => ({
      ...LAYER,
      rid: undefined,
      spatialLayerId,
      temporalLayerId,
      bitrateBps: 100_000 * (1 + temporalLayerId),
      isCurrent,
    });
    const sizes = sizesOf([at(0, 0), at(0, 1), at(1, 0, true), at(1, 1)]);
    expect(sizes).toEqual([at(0, 1), { ...at(1, 0, true), bitrateBps: 200_000 }]);
    expect(sizesOf([LAYER, { ...LAYER, rid: 'q' }])).toHaveLength(2);
  });

  it('are told in words', () => {
    const low = { ...LAYER, rid: 'q', heightPx: 360, bitrateBps: 412_000 };
    const off = { ...LAYER, isCurrent: false };
    expect(layerText(LAYER)).toBe('720p, 1.8 Mbit/s');
    expect(layerText({ ...low, heightPx: undefined })).toBe('q, 0.4 Mbit/s');
    expect(layerText({ ...low, bitrateBps: 90_400 })).toBe('360p, 90 kbit/s');
    expect(layerText({ ...LAYER, bitrateBps: 0 })).toBe('720p, not sent');
    expect(qualityText([LAYER, low], true)).toBe('Auto: 720p, 1.8 Mbit/s');
    expect(qualityText([{ ...low, why: 'chosen' }, off], false)).toBe('360p: chosen');
    const narrow = [{ ...low, why: 'path' as const, carriesBps: 600_000 }, off];
    expect(qualityText(narrow, true)).toBe('Auto: 360p, your connection carries 0.6 Mbit/s');
    expect(qualityText(narrow, false)).toBe('360p, your connection carries 0.6 Mbit/s');
    expect(qualityText([off], true)).toBe('');
    const silent = { ...low, isCurrent: false, why: 'sound-only' as const, carriesBps: 60_000 };
    expect(qualityText([silent, off], true)).toBe('Sound only: your connection is too slow for pictures');
  });
});
