import { afterEach, describe, expect, it, vi } from 'vitest';
import { playbackRate } from '../src/hls/pace.ts';
import { firstDateMs, firstVariant, hasPictures } from '../src/hls/playlist.ts';
import { HlsSite } from '../src/hls/site.ts';
import { capturedAtMs } from '../src/stats/capture.ts';

const TOP = `#EXTM3U
#EXT-X-VERSION:4
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="opus",NAME="OPUS",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="opus/dvr.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1100000,AVERAGE-BANDWIDTH=900000,CODECS="avc1.42c01f,Opus",RESOLUTION=1280x720,AUDIO="opus"
720p/dvr.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=500000,AVERAGE-BANDWIDTH=400000,CODECS="avc1.42c01f,Opus",RESOLUTION=640x360,AUDIO="opus"
360p/dvr.m3u8
`;

const MEDIA = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.250Z
#EXTINF:2.00000,
720p/e/1.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:02.250Z
#EXTINF:2.00000,
`;

const OLDEST_MS = Date.parse('2026-03-01T12:00:00.250Z');

describe('a playlist', () => {
  it('says whether it has pictures, and where', () => {
    expect(hasPictures(TOP)).toBe(true);
    expect(firstVariant(TOP)).toBe('720p/dvr.m3u8');
    const sound = TOP.replaceAll(/,RESOLUTION=\d+x\d+/g, '');
    expect(hasPictures(sound)).toBe(false);
  });

  it('is dated by its first segment', () => {
    expect(firstDateMs(MEDIA)).toBe(OLDEST_MS);
    expect(firstDateMs(MEDIA.replaceAll(/#EXT-X-PROGRAM.*\n/g, ''))).toBeUndefined();
  });

  it('is not read in the middle of a line', () => {
    expect(firstDateMs('#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:0')).toBeUndefined();
  });

  it.each(['', '<html>', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n'])('of %j has nothing', (text) => {
    expect([hasPictures(text), firstVariant(text), firstDateMs(text)]).toEqual([false, undefined, undefined]);
  });
});

/** A server of these paths; each request is noted with its token. */
function serve(answers: Record<string, () => Response>) {
  const asked: string[] = [];
  vi.stubGlobal('location', new URL('https://live.example/watch/demo'));
  vi.stubGlobal('fetch', (url: string | URL, { headers = {} }: { headers?: Record<string, string> } = {}) => {
    const { pathname } = new URL(url, location.href);
    asked.push(`${pathname} ${headers.Authorization ?? ''}`.trim());
    const answer = answers[pathname];
    return answer ? Promise.resolve(answer()) : Promise.resolve(new Response('', { status: 404 }));
  });
  return asked;
}

describe('the HLS of a stream', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is offered where its playlist has pictures', async () => {
    serve({ '/hls/demo/multivariant.m3u8': () => new Response(TOP) });
    expect(await new HlsSite('demo', undefined).ask()).toBe('offered');
  });

  it('is absent where there is no playlist, or one of sound alone, or one for others', async () => {
    const site = new HlsSite('demo', undefined);
    serve({});
    expect(await site.ask()).toBe('absent');
    serve({ '/hls/demo/multivariant.m3u8': () => new Response('#EXTM3U\n') });
    expect(await site.ask()).toBe('absent');
    serve({ '/hls/demo/multivariant.m3u8': () => new Response('', { status: 403 }) });
    expect(await site.ask()).toBe('absent');
  });

  it('cannot be known where the server does not answer, or cannot now', async () => {
    const site = new HlsSite('demo', undefined);
    serve({ '/hls/demo/multivariant.m3u8': () => new Response('', { status: 503 }) });
    expect(await site.ask()).toBe('unreachable');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    expect(await site.ask()).toBe('unreachable');
  });

  it('is dated by the clock of its server', async () => {
    const aheadMs = 90_000;
    serve({
      '/hls/demo/multivariant.m3u8': () => new Response(TOP),
      '/dash/demo/time': () => new Response(new Date(Date.now() - aheadMs).toISOString()),
    });
    const site = new HlsSite('demo', undefined);
    expect(site.serverMs(aheadMs)).toBe(aheadMs);
    await site.ask();
    expect(Math.abs(site.serverMs(aheadMs))).toBeLessThan(1_000);
  });

  it('goes back to the first date of the whole window, and every request has the token', async () => {
    const asked = serve({
      '/hls/demo/dvr.m3u8': () => new Response(TOP),
      '/hls/demo/720p/dvr.m3u8': () => new Response(MEDIA),
    });
    expect(await new HlsSite('demo', 'tok').oldestMs()).toBe(OLDEST_MS);
    expect(asked).toEqual(['/hls/demo/dvr.m3u8 Bearer tok', '/hls/demo/720p/dvr.m3u8 Bearer tok']);
  });
});

describe('a player that sends no token', () => {
  afterEach(() => vi.unstubAllGlobals());
  const URL_OF_ALL = '/hls/demo/multivariant.m3u8';
  const SIGN = '/api/v1/streams/demo/signed-url';

  it('is given a signed URL for the token, and anew each time', async () => {
    let n = 0;
    const asked = serve({ [SIGN]: () => Response.json({ prefix: `/signed/${(n += 1)}`, expires_at: 1 }) });
    const site = new HlsSite('demo', 'tok');
    expect(await site.forPlayersWithoutToken(site.liveUrl)).toBe(`/signed/1${URL_OF_ALL}`);
    expect(await site.forPlayersWithoutToken(site.dvrUrl)).toBe('/signed/2/hls/demo/dvr.m3u8');
    expect(asked).toEqual([`${SIGN} Bearer tok`, `${SIGN} Bearer tok`]);
  });

  it('is given the URL as it is where there is no token, or none is needed', async () => {
    const asked = serve({ [SIGN]: () => Response.json({ prefix: '' }) });
    expect(await new HlsSite('demo', undefined).forPlayersWithoutToken(URL_OF_ALL)).toBe(URL_OF_ALL);
    expect(asked).toEqual([]);
    expect(await new HlsSite('demo', 'tok').forPlayersWithoutToken(URL_OF_ALL)).toBe(URL_OF_ALL);
  });

  it.each([
    new Response('', { status: 404 }),
    new Response('{}', { status: 401 }),
    new Response('{"prefix":1}'),
    new Response('<html>'),
  ])('has none where the server signs none', async (answer) => {
    serve({ [SIGN]: () => answer });
    expect(await new HlsSite('demo', 'tok').forPlayersWithoutToken(URL_OF_ALL)).toBeUndefined();
  });
});

describe('the pace of a player', () => {
  it('is faster from where it is behind until it is not', () => {
    expect(playbackRate({ behindS: 0.3, aheadS: 2 }, 1)).toBe(1);
    expect(playbackRate({ behindS: 0.5, aheadS: 2 }, 1)).toBeGreaterThan(1);
    expect(playbackRate({ behindS: 0.3, aheadS: 2 }, 1.1)).toBeGreaterThan(1);
    expect(playbackRate({ behindS: 0.05, aheadS: 2 }, 1.1)).toBe(1);
  });

  it('never spends what keeps the picture moving', () => {
    expect(playbackRate({ behindS: 20, aheadS: 0.5 }, 1.1)).toBe(1);
  });
});

describe('the capture time of the last picture', () => {
  it('is told on the clock of the server', () => {
    const ntpMs = 2_208_988_800_000;
    const source = { timestamp: 0, captureTimestamp: ntpMs + 5_000, senderCaptureTimeOffset: 300 };
    expect(capturedAtMs(source)).toBe(4_700);
    expect(capturedAtMs({ timestamp: 0, captureTimestamp: ntpMs })).toBeUndefined();
  });
});
