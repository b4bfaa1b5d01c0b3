import type { RtcConnection } from '../rtc/rtc-session.ts';

/** What `window.freshet` offers to tests and to people with a console. Nothing in it changes a page. */
export interface Diagnostics {
  /** The `data-state` of the page. */
  readonly state: string;
  /** How the stream is played: `whep` or `hls`; the studio plays nothing. */
  readonly via: string | undefined;
  /** The connection of the session at hand. */
  readonly peerConnection: RtcConnection | undefined;
  /**
   * How old the picture is that the page's video shows, by the test pattern's clock strip, in
   * milliseconds; undefined while none can be read. The publisher must share this machine's clock.
   */
  pictureAgeMs(): Promise<number | undefined>;
}

declare global {
  interface Window {
    freshet?: Diagnostics;
  }
}

export function exposeDiagnostics(
  state: () => string,
  connection: () => RtcConnection | undefined,
  video: () => HTMLVideoElement,
  via: () => string | undefined = () => undefined,
): void {
  window.freshet = {
    get state() {
      return state();
    },
    get via() {
      return via();
    },
    get peerConnection() {
      return connection();
    },
    async pictureAgeMs() {
      // Loaded when first asked for: a viewer has no use for it.
      const { pictureAgeMs } = await import('../source/strip-reading.ts');
      return pictureAgeMs(video());
    },
  };
}
