import { describe, expect, it } from 'vitest';
import { type Aims, type ChangeEvent, follow, HLS, type Target, WHEP } from '../src/page/watch/changeover.ts';
import { patienceMs } from '../src/page/watch/patience.ts';
import { SignalingError } from '../src/signaling/error.ts';

const PAST: Target = { way: 'hls', fromMs: 5_000 };

/** What is aimed at after these events, one after the other. */
function after(first: Aims, ...events: ChangeEvent[]): Aims {
  return events.reduce(follow, first);
}

describe('the change from one way of watching to another', () => {
  it('keeps the old picture until the new one is there', () => {
    const asked = after({ shown: WHEP }, { name: 'asked', target: HLS });
    expect(asked).toEqual({ shown: WHEP, incoming: HLS, isAsked: true });
    expect(after(asked, { name: 'ready' })).toEqual({ shown: HLS });
  });

  it('is made where WHEP does not get through, and not where WHEP comes back first', () => {
    const tried = after({ shown: WHEP }, { name: 'trouble' });
    expect(tried).toEqual({ shown: WHEP, incoming: HLS, isAsked: false });
    expect(after(tried, { name: 'well' })).toEqual({ shown: WHEP });
    expect(after(tried, { name: 'ready' })).toEqual({ shown: HLS });
  });

  it('is tried anew each time that WHEP is in trouble, and once at a time', () => {
    const denied = after({ shown: WHEP }, { name: 'trouble' }, { name: 'denied' });
    expect(denied).toEqual({ shown: WHEP });
    const tried = after(denied, { name: 'trouble' });
    expect(follow(tried, { name: 'trouble' })).toBe(tried);
  });

  it('does not end because what is left still plays, where a person wants it', () => {
    const asked = after({ shown: WHEP }, { name: 'asked', target: HLS });
    expect(follow(asked, { name: 'well' })).toBe(asked);
    const adopted = after({ shown: WHEP }, { name: 'trouble' }, { name: 'asked', target: HLS });
    expect(follow(adopted, { name: 'well' })).toBe(adopted);
  });

  it('goes back to WHEP behind live HLS, as often as WHEP has rested, until it comes', () => {
    const tried = after({ shown: HLS }, { name: 'rested' });
    expect(tried).toEqual({ shown: HLS, incoming: WHEP, isAsked: false });
    expect(follow(tried, { name: 'well' })).toBe(tried);
    expect(follow(tried, { name: 'rested' })).toBe(tried);
    expect(after(tried, { name: 'denied' }, { name: 'rested' })).toEqual(tried);
    expect(after(tried, { name: 'ready' })).toEqual({ shown: WHEP });
    const past = { shown: PAST };
    expect(follow(past, { name: 'rested' })).toBe(past);
  });

  it('keeps what is being made ready when a person asks for the same', () => {
    const tried = after({ shown: WHEP }, { name: 'trouble' });
    expect(follow(tried, { name: 'asked', target: { way: 'hls' } }).incoming).toBe(tried.incoming);
  });

  it('is called off by asking for what is shown', () => {
    const asked = after({ shown: HLS }, { name: 'asked', target: WHEP });
    expect(after(asked, { name: 'asked', target: HLS })).toEqual({ shown: HLS });
  });

  it('leaves HLS where it is when WHEP does not come', () => {
    const asked = after({ shown: HLS }, { name: 'asked', target: WHEP });
    expect(after(asked, { name: 'denied' })).toEqual({ shown: HLS });
  });

  it('goes to WHEP, which waits for whoever is to come, when HLS is over', () => {
    expect(after({ shown: HLS }, { name: 'over' })).toEqual({ shown: WHEP });
    const back = after({ shown: PAST }, { name: 'asked', target: HLS });
    expect(after(back, { name: 'over' })).toEqual({ shown: HLS });
  });

  it('tells one date in the past from another and from live', () => {
    const sought = after({ shown: HLS }, { name: 'asked', target: PAST }, { name: 'ready' });
    expect(sought).toEqual({ shown: PAST });
    expect(after(sought, { name: 'asked', target: HLS }).incoming).toBe(HLS);
    expect(after(sought, { name: 'asked', target: { ...PAST, fromMs: 6_000 } }).incoming?.fromMs).toBe(6_000);
  });

  it('is never without something to show, and never makes ready what is shown', () => {
    const events: ChangeEvent[] = [
      { name: 'asked', target: WHEP },
      { name: 'asked', target: HLS },
      { name: 'asked', target: PAST },
      { name: 'trouble' },
      { name: 'rested' },
      { name: 'well' },
      { name: 'over' },
      { name: 'ready' },
      { name: 'denied' },
    ];
    const seen = new Map<string, Aims>();
    const visit = (aims: Aims) => {
      const key = JSON.stringify(aims);
      if (seen.has(key)) return;
      seen.set(key, aims);
      for (const event of events) visit(follow(aims, event));
    };
    visit({ shown: WHEP });
    // WHEP, HLS and the past; each alone, or with another that is asked for; and WHEP and HLS with the other that comes unasked.
    expect(seen.size).toBe(3 + 6 + 2);
    for (const { shown, incoming } of seen.values()) expect(incoming).not.toEqual(shown);
  });
});

describe('patience with WHEP', () => {
  const refused = (status: number) => new SignalingError(status >= 500 ? 'unavailable' : 'refused', 'x', { status });
  const waiting = (error: SignalingError) => patienceMs({ name: 'waiting', retryAtMs: 0, error });

  it('is none where there is no place, no path, or nothing in common', () => {
    for (const status of [503, 429, 422]) expect(waiting(refused(status))).toBe(0);
    for (const code of ['overloaded', 'audience-full'])
      expect(waiting(new SignalingError('unavailable', 'x', { status: 503, code }))).toBe(0);
    expect(waiting(new SignalingError('blocked', 'x'))).toBe(0);
    expect(patienceMs({ name: 'failed', error: refused(406) })).toBe(0);
  });

  it('has no end where another way would do no better', () => {
    for (const status of [401, 403, 409]) expect(waiting(refused(status))).toBeUndefined();
    expect(waiting(new SignalingError('unreachable', 'x'))).toBeUndefined();
    // A server that is about to stop has no HLS either.
    const draining = new SignalingError('unavailable', 'x', { status: 503, code: 'draining' });
    expect(waiting(draining)).toBeUndefined();
    expect(patienceMs({ name: 'live' })).toBeUndefined();
  });

  it('is none with a token that has ended, where HLS goes on without one', () => {
    const failed = (status: number) => patienceMs({ name: 'failed', error: refused(status) }, true);
    expect(failed(401)).toBe(0);
    for (const status of [403, 409]) expect(failed(status)).toBeUndefined();
  });

  it('is longer with what has never been seen than with a picture that stands still', () => {
    const first = patienceMs({ name: 'connecting' }) ?? 0;
    const again = patienceMs({ name: 'recovering', step: 'ice-restart' }) ?? 0;
    expect(first).toBeGreaterThan(again);
    expect(again).toBeGreaterThan(0);
  });
});
