/**
 * `whep`: by WebRTC, as soon as it happens. `hls`: two seconds later, for every network and
 * audience.
 */
export type Way = 'whep' | 'hls';

/** What is to be played. */
export interface Target {
  way: Way;
  /** Of HLS: the date that a viewer went back to; live without it. */
  fromMs?: number;
}

/** The two that are played live. */
export const WHEP: Target = { way: 'whep' };
export const HLS: Target = { way: 'hls' };

/** What people see, and what is being made ready behind it to take its place. */
export interface Aims {
  shown: Target;
  incoming?: Target;
  /**
   * Whether a person wants what comes; otherwise it comes because what is shown does not get
   * through.
   */
  isAsked?: boolean;
}

export type ChangeEvent =
  /** A person wants this. */
  | { name: 'asked'; target: Target }
  /**
   * What is shown does not get through: no path, no place, or no answer for too long. It goes on
   * trying.
   */
  | { name: 'trouble' }
  /** It is long ago that WHEP was tried by whom it did not reach. */
  | { name: 'rested' }
  /** What is shown plays. */
  | { name: 'well' }
  /** What is shown is over for good. */
  | { name: 'over' }
  /** What comes has a picture. */
  | { name: 'ready' }
  /** What comes does not come. */
  | { name: 'denied' };

/**
 * Decides what is played. The old picture stays until the new one is there; who does not get
 * through by WHEP is given HLS, behind which WHEP is tried again from time to time; where there is no
 * HLS, WHEP goes on trying.
 */
export function follow(aims: Aims, event: ChangeEvent): Aims {
  const { shown, incoming } = aims;
  switch (event.name) {
    case 'asked':
      if (isSame(event.target, shown)) return { shown };
      if (incoming && isSame(event.target, incoming)) return { ...aims, isAsked: true };
      return { shown, incoming: event.target, isAsked: true };
    case 'trouble':
      if (incoming || shown.way === 'hls') return aims;
      return { shown, incoming: HLS, isAsked: false };
    case 'rested':
      if (incoming || !isSame(shown, HLS)) return aims;
      return { shown, incoming: WHEP, isAsked: false };
    case 'well':
      // That HLS plays is no reason to stay with it.
      return incoming && !aims.isAsked && shown.way === 'whep' ? { shown } : aims;
    case 'over':
      return { shown: incoming ?? WHEP };
    case 'ready':
      return { shown: incoming ?? shown };
    case 'denied':
      return { shown };
  }
}

export function isSame(one: Target, other: Target): boolean {
  return one.way === other.way && one.fromMs === other.fromMs;
}
