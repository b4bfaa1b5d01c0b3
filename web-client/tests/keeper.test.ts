import { describe, expect, it } from 'vitest';
import { Keeper, type KeeperState, type KeptSession } from '../src/rtc/keeper.ts';
import type { SessionChange } from '../src/rtc/rtc-session.ts';
import { SignalingError } from '../src/signaling/error.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

class ScriptedSession implements KeptSession {
  isConnected = false;
  isClosed = false;
  restarts = 0;
  restartError: Error | undefined;
  onChange: ((change: SessionChange) => void) | undefined;

  async restartIce(): Promise<void> {
    this.restarts += 1;
    if (this.restartError) throw this.restartError;
  }

  close(): void {
    this.isClosed = true;
  }

  async report(change: SessionChange): Promise<void> {
    this.isConnected = change === 'connected';
    this.onChange?.(change);
    await settle();
  }
}

/** A keeper whose n-th open gives the n-th of `outcomes`. */
function keeperOf(outcomes: (ScriptedSession | SignalingError)[], retriesConflict = false) {
  const clock = new VirtualClock();
  const states: KeeperState[] = [];
  const opens: { takesOver: boolean; atMs: number }[] = [];
  const keeper = new Keeper({
    clock,
    open: async (takesOver) => {
      opens.push({ takesOver, atMs: clock.nowMs() });
      const outcome = outcomes[opens.length - 1];
      if (!outcome) throw new SignalingError('refused', 'the script is over', { status: 400 });
      if (outcome instanceof SignalingError) throw outcome;
      return outcome;
    },
    retriesConflict,
    backoff: { firstMs: 1_000, maxMs: 8_000 },
    onState: (state) => states.push(state),
  });
  return { clock, states, opens, keeper, names: () => states.map((state) => state.name) };
}

function refused(status: number, retryAfterMs?: number): SignalingError {
  const kind = status >= 500 ? 'unavailable' : 'refused';
  return new SignalingError(kind, 'scripted', {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const unreachable = () => new SignalingError('unreachable', 'scripted');

describe('a keeper', () => {
  it('goes live when its session connects', async () => {
    const session = new ScriptedSession();
    const { keeper, names } = keeperOf([session]);
    void keeper.run(false);
    await settle();
    expect(names()).toEqual(['connecting']);
    await session.report('connected');
    expect(names()).toEqual(['connecting', 'live']);
  });

  it('leaves a short disturbance to heal by itself', async () => {
    const session = new ScriptedSession();
    const { keeper, clock, names } = keeperOf([session]);
    void keeper.run(false);
    await settle();
    await session.report('connected');
    await session.report('interrupted');
    await session.report('connected');
    await clock.advance(60_000);
    expect(session.restarts).toBe(0);
    expect(names()).toEqual(['connecting', 'live']);
  });

  it('restarts ICE after a cut, and is live again in the same session', async () => {
    const session = new ScriptedSession();
    const { keeper, clock, states, opens } = keeperOf([session]);
    void keeper.run(false);
    await settle();
    await session.report('connected');
    await session.report('interrupted');
    await clock.advance(600);
    expect(session.restarts).toBe(1);
    expect(states.at(-1)).toEqual({ name: 'recovering', step: 'ice-restart' });
    await session.report('connected');
    expect(states.at(-1)).toEqual({ name: 'live' });
    expect(opens).toHaveLength(1);
  });

  it('makes a new session that takes over its own when the restart does not help', async () => {
    const [first, second] = [new ScriptedSession(), new ScriptedSession()];
    const { keeper, clock, opens, states } = keeperOf([first, second]);
    void keeper.run(false);
    await settle();
    await first.report('connected');
    await first.report('interrupted');
    await clock.advance(7_000);
    expect(first.isClosed).toBe(true);
    expect(opens.map((open) => open.takesOver)).toEqual([false, true]);
    await second.report('connected');
    expect(states.at(-1)).toEqual({ name: 'live' });
  });

  it('makes a new session when the server refuses restarts', async () => {
    const [first, second] = [new ScriptedSession(), new ScriptedSession()];
    first.restartError = refused(422);
    const { keeper, clock, opens } = keeperOf([first, second]);
    void keeper.run(false);
    await settle();
    await first.report('connected');
    await first.report('interrupted');
    await clock.advance(600);
    expect(opens.map((open) => open.takesOver)).toEqual([false, true]);
  });

  it('does not take back a stream that the server has ended for it', async () => {
    const first = new ScriptedSession();
    const { keeper, opens, states } = keeperOf([first, refused(409)]);
    void keeper.run(true);
    await settle();
    await first.report('connected');
    await first.report('ended');
    expect(opens.map((open) => open.takesOver)).toEqual([true, false]);
    expect(states.at(-1)?.name).toBe('failed');
  });

  it('does not take back a stream whose session was gone when the network came back', async () => {
    const [first, second] = [new ScriptedSession(), new ScriptedSession()];
    first.restartError = refused(404);
    const { keeper, clock, opens } = keeperOf([first, second]);
    void keeper.run(false);
    await settle();
    await first.report('connected');
    await first.report('interrupted');
    await clock.advance(600);
    expect(opens.map((open) => open.takesOver)).toEqual([false, false]);
  });

  it('tries the restart again while the server cannot be reached', async () => {
    const session = new ScriptedSession();
    session.restartError = unreachable();
    const { keeper, clock, states, opens } = keeperOf([session]);
    void keeper.run(false);
    await settle();
    await session.report('connected');
    await session.report('interrupted');
    await clock.advance(3_000);
    expect(session.restarts).toBeGreaterThan(1);
    session.restartError = undefined;
    keeper.hurry();
    await settle();
    await session.report('connected');
    expect(states.at(-1)).toEqual({ name: 'live' });
    expect(opens).toHaveLength(1);
  });

  it('gives a session up that never connects, and says that media is blocked', async () => {
    const [first, second] = [new ScriptedSession(), new ScriptedSession()];
    const { keeper, clock, states, opens } = keeperOf([first, second]);
    void keeper.run(false);
    await clock.advance(10_000);
    const state = states.at(-1);
    expect(state?.name).toBe('waiting');
    expect(state?.name === 'waiting' && state.error.kind).toBe('blocked');
    await clock.advance(1_000);
    expect(first.isClosed).toBe(true);
    expect(opens).toHaveLength(2);
  });

  it('waits longer and longer for a stream that has not begun, up to its limit', async () => {
    const offline = Array.from({ length: 7 }, () => refused(409));
    const { keeper, clock, opens, states } = keeperOf(offline, true);
    void keeper.run(false);
    await clock.advance(19_000);
    const gaps = opens.slice(1).map((open, index) => open.atMs - (opens[index]?.atMs ?? 0));
    // With the least of chances a wait is half its step.
    expect(gaps).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    expect(states.at(-1)?.name).toBe('waiting');
  });

  it('does not come back before Retry-After', async () => {
    const session = new ScriptedSession();
    const { keeper, clock, opens } = keeperOf([refused(503, 5_000), session]);
    void keeper.run(false);
    await clock.advance(4_999);
    expect(opens).toHaveLength(1);
    await clock.advance(1);
    expect(opens).toHaveLength(2);
  });

  it('comes back at once when it is told to hurry', async () => {
    const { keeper, clock, opens } = keeperOf([refused(503, 60_000), new ScriptedSession()]);
    void keeper.run(false);
    await clock.advance(10);
    keeper.hurry();
    await settle();
    expect(opens).toHaveLength(2);
  });

  it.each([400, 401, 403, 404, 415, 418, 422, 499])('stops at a %i', async (status) => {
    const { keeper, clock, opens, states } = keeperOf([refused(status)], true);
    void keeper.run(false);
    await clock.advance(600_000);
    expect(opens).toHaveLength(1);
    expect(states.at(-1)?.name).toBe('failed');
  });

  it.each([429, 500, 503, 599])('tries again after a %i', async (status) => {
    const { keeper, clock, opens } = keeperOf([refused(status), new ScriptedSession()]);
    void keeper.run(false);
    await clock.advance(1_000);
    expect(opens).toHaveLength(2);
  });

  it('stops at a 409 where that does not pass', async () => {
    const { keeper, states } = keeperOf([refused(409)]);
    void keeper.run(false);
    await settle();
    expect(states.at(-1)?.name).toBe('failed');
  });

  it('does nothing after it was closed', async () => {
    const session = new ScriptedSession();
    const { keeper, clock, opens, states } = keeperOf([session]);
    void keeper.run(false);
    await settle();
    await session.report('connected');
    keeper.close();
    await clock.advance(60_000);
    expect(session.isClosed).toBe(true);
    expect(opens).toHaveLength(1);
    expect(states.at(-1)?.name).toBe('closed');
  });

  it('closes a session that opened after it was closed itself', async () => {
    const session = new ScriptedSession();
    const { keeper } = keeperOf([session]);
    void keeper.run(false);
    keeper.close();
    await settle();
    expect(session.isClosed).toBe(true);
  });
});
