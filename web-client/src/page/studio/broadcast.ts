import { sendEncodings } from '../../rtc/encodings.ts';
import type { RtcConnection } from '../../rtc/rtc-session.ts';
import { type KeeperState, type Publication, WhipPublisher } from '../../whip.ts';
import { sessionText } from '../session-text.ts';
import { parseWishes, type Settings, type Wishes, wishesText } from './settings.ts';

/** Goes live and stops, and remembers across a reload that it was live. */
export class Broadcast {
  private readonly stream: string;
  private readonly onState: (state: KeeperState) => void;
  private readonly onWarnings: (warnings: string[]) => void;
  private readonly saved;
  private publisher: WhipPublisher | undefined;
  /** Starts once more with other media, in the place of ourselves. */
  private startAgain: ((media: MediaStream) => void) | undefined;

  constructor(
    stream: string,
    onState: (state: KeeperState) => void,
    onWarnings: (warnings: string[]) => void,
  ) {
    this.stream = stream;
    this.onState = onState;
    this.onWarnings = onWarnings;
    this.saved = sessionText(`freshet.live.${stream}`);
  }

  get connection(): RtcConnection | undefined {
    return this.publisher?.connection;
  }

  /** What this tab was live with before it was reloaded. A copy of the tab has no part in that. */
  wishesBeforeReload(): Wishes | undefined {
    const saved = this.saved.read();
    const [navigation] = performance.getEntriesByType('navigation');
    const isReload = (navigation as PerformanceNavigationTiming | undefined)?.type === 'reload';
    if (!isReload) this.saved.write('');
    return saved && isReload ? parseWishes(saved) : undefined;
  }

  start(media: MediaStream, settings: Settings, key: string, takesOver: boolean): void {
    this.publisher?.close();
    this.startAgain = (other) => this.start(other, settings, key, true);
    const publisher = new WhipPublisher({
      url: `/whip/${this.stream}`,
      token: key === '' ? undefined : key,
      onState: (state) => {
        // A publisher that was replaced by another has no say any more.
        if (publisher === this.publisher) this.follow(state, settings);
      },
      onWarnings: (warnings) => {
        if (publisher === this.publisher) this.onWarnings(warnings);
      },
    });
    this.publisher = publisher;
    publisher.publish(publicationOf(media, settings), takesOver);
  }

  /** Changes what is sent; a microphone that was not there before takes a new session. */
  async replaceMedia(media: MediaStream): Promise<void> {
    const { publisher } = this;
    const isReplaced = await publisher?.replaceMedia(media);
    if (isReplaced === false && publisher === this.publisher) this.startAgain?.(media);
  }

  hurry(): void {
    this.publisher?.hurry();
  }

  /** Stops for good: a reload does not go live again. */
  stop(): void {
    this.saved.write('');
    this.publisher?.close();
    this.publisher = undefined;
  }

  /** The page goes away; whether it was live stays known to its reload. */
  leave(): void {
    this.publisher?.close();
  }

  private follow(state: KeeperState, settings: Settings): void {
    if (state.name === 'live') this.saved.write(wishesText(settings));
    if (state.name === 'failed') this.saved.write('');
    this.onState(state);
  }
}

function publicationOf(media: MediaStream, settings: Settings): Publication {
  const { codec } = settings;
  const plan = {
    codec: codec ?? 'VP8',
    layers: settings.layers,
    heightPx: settings.size.heightPx,
    bitrateMaxBps: settings.bitrateMaxBps,
  };
  return {
    media,
    encodings: sendEncodings(plan),
    ...(codec ? { codec } : {}),
    // The strip of the pattern and the text of a screen are useless when they are blurred.
    degradationPreference: settings.source === 'camera' ? 'balanced' : 'maintain-resolution',
  };
}
