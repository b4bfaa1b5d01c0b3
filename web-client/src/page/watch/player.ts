import type { LayerSelection, SignalingError, VideoLayer } from '../../whep.ts';
import type { PlayFigures } from '../../stats/inbound.ts';
import type { Way } from './changeover.ts';

/** What the page shows; `stalled` is a stream without media: the publisher is away. */
export type WatchState =
  | 'connecting'
  | 'waiting'
  | 'live'
  | 'stalled'
  | 'recovering'
  | 'failed'
  | 'closed';

/** Where a player stands, and what people are told of it. */
export interface Standing {
  name: WatchState;
  error?: SignalingError;
  /** Of `performance.now()`: when it tries again. */
  retryAtMs?: number;
}

/** The figures of the statistics panel. */
export interface Reading extends PlayFigures {
  /** From capture to screen, where that is known. */
  captureDelayMs: number | undefined;
}

/** One way of playing one stream upon one `<video>`, from its making until `close`. */
export interface Player {
  readonly way: Way;
  readonly video: HTMLVideoElement;
  readonly standing: Standing;
  /** When the picture at hand was captured, on the server's clock; undefined where nobody knows. */
  shownAtMs(): number | undefined;
  select(selection: LayerSelection): void;
  read(): Promise<Reading>;
  /** Ends waits early: the network is back, or a person is impatient. */
  hurry(): void;
  close(): void;
}

/** What a player tells. */
export interface PlayerEvents {
  onStanding: (standing: Standing) => void;
  /** Its video has shown a first picture. */
  onPicture: () => void;
  onLayers: (layers: VideoLayer[]) => void;
  /** How many watch; undefined where nobody says. */
  onViewers: (count: number | undefined) => void;
  /** It does not get through, and another way may. It may be told again. */
  onTrouble: () => void;
  /** It plays, be it after trouble. */
  onWell: () => void;
}

/**
 * Calls once when a video shows a picture and goes on from there; one that it shows on its way to
 * where it begins is none. The returned function calls it off.
 */
export function onNextPicture(video: HTMLVideoElement, call: () => void): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const look = () => {
    if (signal.aborted) return;
    const goesOn = !video.seeking && video.readyState >= video.HAVE_FUTURE_DATA;
    if (!goesOn) return wait();
    abort.abort();
    call();
  };
  const wait = () => {
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(look);
    else (video as HTMLVideoElement).addEventListener('timeupdate', look, { once: true, signal });
  };
  wait();
  return () => abort.abort();
}
