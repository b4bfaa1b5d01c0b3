import { describe, expect, it } from 'vitest';
import { Backoff } from '../src/signaling/backoff.ts';
import {
  completeOffer,
  iceCredentials,
  restartedAnswer,
  taggedSection,
} from '../src/signaling/description.ts';
import { SignalingError } from '../src/signaling/error.ts';
import { iceServersOf, parseLinks } from '../src/signaling/link-header.ts';
import { parseFragment, writeFragment } from '../src/signaling/sdp-fragment.ts';
import { ANSWER, offerSdp, restartAnswer } from './scripted-connection.ts';

describe('a backoff', () => {
  it('doubles up to its limit, and begins anew after a reset', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 400 }, () => 1);
    expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([100, 200, 400, 400]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('draws from the upper half of its step', () => {
    expect(new Backoff({ firstMs: 100, maxMs: 400 }, () => 0).next()).toBe(50);
  });

  it('takes Retry-After as the least, and spreads after it', () => {
    expect(new Backoff({ firstMs: 100, maxMs: 400 }, () => 0).next(5_000)).toBe(5_000);
    expect(new Backoff({ firstMs: 100, maxMs: 400 }, () => 0.5).next(5_000)).toBe(5_025);
  });

  it('does not sleep for a day because a server said so', () => {
    const wait = (ms: number) => new Backoff({ firstMs: 100, maxMs: 400 }, () => 0).next(ms);
    expect([599_999, 600_000, 600_001, 86_400_000].map(wait)).toEqual([
      599_999, 600_000, 600_000, 600_000,
    ]);
  });
});

describe('the text of a refusal', () => {
  it('is cut after 300 characters', async () => {
    const detail = async (n: number) => {
      const body = JSON.stringify({ detail: 'x'.repeat(n) });
      const headers = { 'Content-Type': 'application/problem+json' };
      const refused = new Response(body, { status: 422, headers });
      return (await SignalingError.fromResponse(refused, 0)).detail?.length;
    };
    expect(await Promise.all([299, 300, 301].map(detail))).toEqual([299, 300, 300]);
  });
});

describe('a Link header', () => {
  it('is read link by link, with quoted commas and semicolons', () => {
    const [first, second, ...rest] = parseLinks(
      '<turn:a?transport=udp>; rel="ice-server"; username="a,b;c"; credential="q\\"x", </x>; rel=next',
    );
    expect(first?.parameters.get('username')).toBe('a,b;c');
    expect(first?.parameters.get('credential')).toBe('q"x');
    expect(second).toMatchObject({ target: '/x', rels: ['next'] });
    expect(rest).toEqual([]);
  });

  it('is read up to 64 links', () => {
    const links = (n: number) => parseLinks(Array.from({ length: n }, () => '<a>').join(', '));
    expect([63, 64, 65].map((n) => links(n).length)).toEqual([63, 64, 64]);
  });

  it('gives several relations their own names, in any case', () => {
    expect(parseLinks('<a>; REL="next Ice-Server"')[0]?.rels).toEqual(['next', 'ice-server']);
  });

  it.each(['', ',', 'nonsense', '<unclosed', '<a', '; rel=x', '<a>; ='])(
    'gives nothing that a browser would throw at: %j',
    (header) => {
      expect(iceServersOf(header)).toEqual([]);
    },
  );

  it('leaves out TURN without credentials and schemes that ICE does not know', () => {
    const header =
      '<turn:a>; rel="ice-server", <https://a>; rel="ice-server", <stun:b>; rel="ice-server"';
    expect(iceServersOf(header)).toEqual([{ urls: 'stun:b' }]);
  });
});

describe('an SDP fragment', () => {
  const credentials = { ufrag: 'u', pwd: 'p' };
  const section = {
    group: 'a=group:BUNDLE 0',
    mediaLine: 'm=video 9 UDP/TLS/RTP/SAVPF 96',
    mid: '0',
  };

  it('is written with the tagged m-line alone', () => {
    const fragment = { credentials, candidates: ['candidate:1'], isComplete: true };
    expect(writeFragment(section, fragment)).toBe(
      'a=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=candidate:1\r\na=end-of-candidates\r\n',
    );
  });

  it('is read with credentials at session level or under the m-line, and bare newlines', () => {
    const body = 'm=video 9 x 0\na=mid:0\na=ice-ufrag:u\na=ice-pwd:p\na=candidate:1 x\n';
    expect(parseFragment(body)).toEqual({
      credentials,
      candidates: ['candidate:1 x'],
      isComplete: false,
    });
    expect(parseFragment(restartAnswer(7))?.credentials.ufrag).toBe('answer7');
  });

  it('is nothing without credentials', () => {
    expect(parseFragment('a=candidate:1')).toBeUndefined();
  });

  it('gives no more candidates than the server would take', () => {
    const candidates = (n: number) =>
      parseFragment(`a=ice-ufrag:u\r\na=ice-pwd:p\r\n${'a=candidate:1\r\n'.repeat(n)}`)?.candidates;
    expect([63, 64, 65].map((n) => candidates(n)?.length)).toEqual([63, 64, 64]);
  });
});

describe('a description', () => {
  it('is completed once', () => {
    const once = completeOffer(offerSdp(1));
    expect(once.match(/rtcp-mux-only/g)).toHaveLength(2);
    expect(completeOffer(once)).toBe(once);
  });

  it('names its credentials and its tagged section', () => {
    expect(iceCredentials(offerSdp(3))).toEqual({ ufrag: 'offer3', pwd: 'offerpwd3' });
    expect(taggedSection(offerSdp(3))).toEqual({
      group: 'a=group:BUNDLE 0 1',
      mediaLine: 'm=video 9 UDP/TLS/RTP/SAVPF 96',
      mid: '0',
    });
    expect(taggedSection('v=0\r\n')).toBeUndefined();
  });

  it('changes nothing but ICE in a restart', () => {
    const fragment = parseFragment(restartAnswer(2));
    if (!fragment) throw new Error('the fragment is readable');
    const before = ANSWER.split('\r\n').filter((line) => !/ice-(ufrag|pwd)|candidate/.test(line));
    const after = restartedAnswer(ANSWER, fragment).split('\r\n');
    expect(after.filter((line) => !/ice-(ufrag|pwd)|candidate/.test(line))).toEqual(before);
    expect(after.filter((line) => line === 'a=ice-ufrag:answer2')).toHaveLength(2);
    // The candidates stand in the first section, which everything is bundled on.
    const candidate = after.findIndex((line) => line.startsWith('a=candidate:2'));
    expect(candidate).toBeGreaterThan(0);
    expect(candidate).toBeLessThan(after.findIndex((line) => line.startsWith('m=audio')));
  });
});
