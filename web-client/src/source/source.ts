/** Pictures and sound to publish, and how to let go of them. */
export interface Source {
  media: MediaStream;
  /** Says so when the source ends by itself: unplugged, or "stop sharing". */
  onEnded: (() => void) | undefined;
  stop(): void;
}

/** What a source is asked for. */
export interface PictureSize {
  widthPx: number;
  heightPx: number;
  framesPerSecond: number;
}

/** Wraps tracks that a device or the system owns. */
export function sourceOf(media: MediaStream): Source {
  const source: Source = {
    media,
    onEnded: undefined,
    stop: () => {
      for (const track of media.getTracks()) track.stop();
    },
  };
  for (const track of media.getTracks()) {
    // `stop` itself fires no event, so this is always news.
    track.addEventListener('ended', () => source.onEnded?.());
  }
  return source;
}
