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
    return answer ? new Promise((resolve) => resolve(answer())) : Promise.resolve(new Response('', { status: 404 }));
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

  it('goes back to the first date of the whole window', async () => {
    const asked = serve({
      '/hls/demo/dvr.m3u8': () => new Response(TOP),
      '/hls/demo/720p/dvr.m3u8': () => new Response(MEDIA),
    });
    expect(await new HlsSite('demo', undefined).oldestMs()).toBe(OLDEST_MS);
    expect(asked).toEqual(['/hls/demo/dvr.m3u8', '/hls/demo/720p/dvr.m3u8']);
  });
});

describe('the HLS of a stream that is not for everybody', () => {
  afterEach(() => vi.unstubAllGlobals());
  const SIGN = '/api/v1/streams/demo/signed-url';
  const LIVE = '/hls/demo/multivariant.m3u8';
  const top = () => new Response(TOP);
  const signed = (prefix: string) => () => Response.json({ prefix, expires_at: 1 });
  const refused = () => new Response('{}', { status: 403 });

  it('is asked for with what the token is exchanged for, once, and by players that send no token', async () => {
    const asked = serve({
      [SIGN]: signed('/signed/1'),
      [`/signed/1${LIVE}`]: top,
      '/signed/1/dash/demo/time': () => new Response('2026-03-01T12:00:00.250Z'),
      '/signed/1/hls/demo/dvr.m3u8': top,
      '/signed/1/hls/demo/720p/dvr.m3u8': () => new Response(MEDIA),
    });
    const site = new HlsSite('demo', 'tok');
    expect(site.outlivesToken).toBe(false);
    expect(await Promise.all([site.ask(), site.ask()])).toEqual(['offered', 'offered']);
    expect(await site.oldestMs()).toBe(OLDEST_MS);
    expect([site.liveUrl, site.dvrUrl]).toEqual([`/signed/1${LIVE}`, '/signed/1/hls/demo/dvr.m3u8']);
    expect(site.outlivesToken).toBe(true);
    const withToken = asked.filter((request) => request.endsWith(' Bearer tok'));
    expect(withToken).toEqual([`${SIGN} Bearer tok`]);
    expect(asked.filter((request) => !request.startsWith('/signed/1/'))).toEqual(withToken);
  });

  it('is asked for as it is where there is no token, or none is needed', async () => {
    const asked = serve({ [SIGN]: signed(''), [LIVE]: top });
    const site = new HlsSite('demo', undefined);
    expect([await site.ask(), site.liveUrl]).toEqual(['offered', LIVE]);
    expect(asked.some((request) => request.startsWith(SIGN))).toBe(false);
    const needless = new HlsSite('demo', 'tok');
    expect([await needless.ask(), needless.liveUrl]).toEqual(['offered', LIVE]);
    expect([site.outlivesToken, needless.outlivesToken]).toEqual([false, false]);
  });

  it.each([
    [404, ''],
    [401, '{}'],
    [200, '{"prefix":1}'],
    [200, '<html>'],
  ])('is absent where the server signs nothing for the token (%i, %j)', async (status, said) => {
    const asked = serve({ [SIGN]: () => new Response(said, { status }), [LIVE]: top });
    const site = new HlsSite('demo', 'tok');
    expect(await site.ask()).toBe('absent');
    expect(await site.oldestMs()).toBeUndefined();
    expect(asked).toEqual([`${SIGN} Bearer tok`, `${SIGN} Bearer tok`]);
  });

  it('cannot be known where the token cannot be exchanged now, and is asked for again later', async () => {
    const site = new HlsSite('demo', 'tok');
    const reset = { text: () => Promise.reject(new TypeError('reset')), status: 200, ok: true } as Response;
    for (const trouble of [
      () => new Response('', { status: 503 }),
      () => reset,
      () => {
        throw new TypeError('no network');
      },
    ]) {
      serve({ [SIGN]: trouble });
      expect(await site.ask()).toBe('unreachable');
    }
    serve({ [SIGN]: signed('/signed/1'), [`/signed/1${LIVE}`]: top });
    expect(await site.ask()).toBe('offered');
  });

  it('goes on when the token has ended, for as long as the prefix opens anything', async () => {
    const site = new HlsSite('demo', 'tok');
    serve({ [SIGN]: signed('/signed/1'), [`/signed/1${LIVE}`]: top });
    await site.ask();
    serve({ [SIGN]: () => new Response('{}', { status: 401 }), [`/signed/1${LIVE}`]: top });
    expect(await site.ask()).toBe('offered');
    serve({ [SIGN]: () => new Response('{}', { status: 401 }), [`/signed/1${LIVE}`]: refused });
    expect(await site.ask()).toBe('absent');
  });

  it('is let in again with a token that is good, where the server signs with another key', async () => {
    const site = new HlsSite('demo', 'tok');
    serve({ [SIGN]: signed('/signed/1'), [`/signed/1${LIVE}`]: top });
    await site.ask();
    const asked = serve({ [SIGN]: signed('/signed/2'), [`/signed/1${LIVE}`]: refused, [`/signed/2${LIVE}`]: top });
    expect(await site.ask()).toBe('offered');
    expect(site.liveUrl).toBe(`/signed/2${LIVE}`);
    const [first, ...others] = asked;
    expect(first).toBe(`/signed/1${LIVE}`);
    expect(others.slice(0, 2)).toEqual([`${SIGN} Bearer tok`, `/signed/2${LIVE}`]);
    // One that signs what it does not believe is asked no more than once.
    const vainly = serve({ [SIGN]: signed('/signed/3'), [`/signed/2${LIVE}`]: refused, [`/signed/3${LIVE}`]: refused });
    expect(await site.ask()).toBe('absent');
    expect(vainly).toHaveLength(3);
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
