import { describe, expect, it, vi } from 'vitest';
import { ago, bitrate, duration, milliseconds, percent, viewers } from '../src/page/figures.ts';
import { parseStreams, thumbnailUrl } from '../src/page/stream-list.ts';
import { parseResolution, parseWishes, wishesText } from '../src/page/studio/settings.ts';
import { explain, explainCapture } from '../src/page/wording.ts';
import { SignalingError } from '../src/signaling/error.ts';

describe('the options of a studio address', () => {
  it('are read', () => {
    const search =
      '?source=pattern&codec=vp9&simulcast=1&resolution=640x360&fps=15&bitrate=800&autostart=1';
    expect(parseWishes(search)).toEqual({
      source: 'pattern',
      codec: 'VP9',
      layers: 'simulcast',
      resolution: '640x360',
      framesPerSecond: '15',
      bitrateKbps: '800',
      starts: true,
    });
  });

  it('are left out where they make no sense', () => {
    const search = '?source=moon&codec=H265&simulcast=yes&resolution=1x1&autostart=true';
    expect(parseWishes(search)).toEqual({ starts: false });
  });

  it('survive a reload', () => {
    const text = wishesText({
      source: 'pattern',
      camera: undefined,
      microphone: undefined,
      codec: 'AV1',
      size: { widthPx: 640, heightPx: 360, framesPerSecond: 15 },
      bitrateMaxBps: 800_000,
      layers: 'none',
    });
    expect(parseWishes(text)).toEqual({
      source: 'pattern',
      codec: 'AV1',
      layers: 'none',
      resolution: '640x360',
      framesPerSecond: '15',
      bitrateKbps: '800',
      starts: false,
    });
  });

  it.each(['', '0x0', '640', '99999x360', '640x360x1', '8192x8192'])('know no size %j', (text) => {
    expect(parseResolution(text)).toBeUndefined();
  });
});

describe('the list of streams', () => {
  it('shows what is live, largest audience first', () => {
    const streams = [
      { name: 'b', live: true, viewers: 1, started_at: 5 },
      { name: 'a', live: true, viewers: 1 },
      { name: 'off', live: false, viewers: 9 },
      { name: 'c', live: true, viewers: 3, started_at: 6, latency: 'low' },
    ];
    expect(parseStreams({ streams })).toEqual([
      { name: 'c', viewers: 3, startedAtSeconds: 6, isPackaged: true },
      { name: 'a', viewers: 1, startedAtSeconds: undefined, isPackaged: false },
      { name: 'b', viewers: 1, startedAtSeconds: 5, isPackaged: false },
    ]);
  });

  it.each([null, [], {}, { streams: 'x' }, { streams: [null, 1, {}] }])(
    'is empty for %j',
    (body) => {
      expect(parseStreams(body)).toEqual([]);
    },
  );

  it('has a thumbnail that is another every ten seconds', () => {
    const urls = [100, 109.9, 110].map((nowSeconds) => thumbnailUrl('demo', nowSeconds));
    expect(urls[0]).toBe('/hls/demo/thumbnail.jpg?at=10');
    expect(new Set(urls).size).toBe(2);
  });
});

describe('what people are told', () => {
  const error = (status: number) => {
    return new SignalingError(status >= 500 ? 'unavailable' : 'refused', 'x', { status });
  };

  it('is different for every trouble that they can do something about', () => {
    const told = [401, 403, 409, 429, 422, 503].map((status) => explain(error(status), 'publish'));
    expect(new Set(told).size).toBe(told.length);
  });

  it('is by class for codes that nobody knows', () => {
    expect(explain(error(599), 'play')).toBe(explain(error(503), 'play'));
  });

  it('tells a stream that has all its viewers from a server that is busy', () => {
    const full = new SignalingError('unavailable', 'x', { status: 503, code: 'audience-full' });
    expect(explain(full, 'play')).toContain('viewers');
    expect(explain(full, 'play')).not.toBe(explain(error(503), 'play'));
  });

  it('has what the server said to do', () => {
    const refused = new SignalingError('refused', 'x', { status: 422, detail: 'Offer audio too.' });
    expect(explain(refused, 'publish')).toBe('The server refused: Offer audio too.');
    const limited = new SignalingError('refused', 'x', { status: 429, detail: 'Check the key.' });
    expect(explain(limited, 'publish')).toBe('Check the key. This page waits and tries again.');
  });

  it('does not blame the key for a stream that its owner ended', () => {
    const ended = { status: 403, code: 'stream-ended', detail: 'Its owner opens it again.' };
    const told = explain(new SignalingError('refused', 'x', ended), 'publish');
    expect(told).toBe('The server refused: Its owner opens it again.');
    expect(explain(error(403), 'publish')).toContain('key');
  });

  it('names Firefox where it is what keeps media from its own machine', () => {
    const blocked = new SignalingError('blocked', 'x');
    expect(explain(blocked, 'play')).toContain('firewall');
    vi.stubGlobal('location', new URL('http://127.0.0.1:8080/watch/demo'));
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11; rv:153.0) Gecko/20100101 Firefox/153.0' });
    expect(explain(blocked, 'play')).toContain('--listen 0.0.0.0');
    vi.stubGlobal('location', new URL('https://live.example/watch/demo'));
    expect(explain(blocked, 'play')).toContain('firewall');
    vi.unstubAllGlobals();
  });

  it('tells a forbidden camera from a missing one', () => {
    const told = ['NotAllowedError', 'NotFoundError', 'NotReadableError', ''].map((name) =>
      explainCapture(Object.assign(new Error('x'), { name })),
    );
    expect(new Set(told).size).toBe(told.length);
  });
});

describe('figures', () => {
  it('are dashes when they are not known', () => {
    expect([bitrate, milliseconds, percent].map((write) => write(undefined))).toEqual([
      '–',
      '–',
      '–',
    ]);
  });

  it('are written to be read', () => {
    expect(bitrate(2_449_000)).toBe('2.45 Mbit/s');
    expect(bitrate(640_400)).toBe('640 kbit/s');
    expect(milliseconds(4.26)).toBe('4.3 ms');
    expect(percent(0)).toBe('0 %');
    expect(percent(0.0123)).toBe('1.2 %');
    expect(duration(3_723)).toBe('1:02:03');
    expect(duration(59.9)).toBe('0:59');
    expect(viewers(1)).toBe('1 viewer');
    expect(ago(1_000, 1_030)).toBe('Just went live');
    expect(ago(1_000, 1_000 + 3_660)).toBe('Live for 1 h 1 min');
  });
});
