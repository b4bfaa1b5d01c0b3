import type { KeeperState } from '../../whep.ts';

/**
 * From the first request of a session to its media. Over TCP, which a browser tries after UDP, it
 * takes up to two seconds; a path that does not come in four comes seldom, and whoever waits has
 * seen nothing yet.
 */
const CONNECT_MS_MAX = 4_000;

/**
 * An ICE restart over a path that is there takes half a second; the picture has stood still for
 * five already.
 */
const RECOVER_MS_MAX = 1_500;

/**
 * How long a state may last before another way is tried; undefined for as long as it likes, where
 * another way would do no better. Every refusal that speaks of this way alone is tried around at
 * once: no path for media, no place (503), too many (429), nothing in common with this browser; and
 * a token that has ended since (401), where the other way goes on without one.
 */
export function patienceMs(state: KeeperState, outlivesToken = false): number | undefined {
  const error = 'error' in state ? state.error : undefined;
  if (error) {
    if (error.status === 401 && outlivesToken) return 0;
    // Nobody is live, or may not be watched by this viewer, or the server is away: so it is by any
    // way.
    const isOfStream = error.status === 401 || error.status === 403 || error.status === 409;
    const isAway = error.kind === 'unreachable' || error.code === 'draining';
    return isOfStream || isAway ? undefined : 0;
  }
  if (state.name === 'connecting') return CONNECT_MS_MAX;
  return state.name === 'recovering' ? RECOVER_MS_MAX : undefined;
}
