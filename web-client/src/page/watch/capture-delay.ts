import type { RtcConnection } from '../../rtc/rtc-session.ts';
import { type CaptureSource, captureDelayMs, plausible } from '../../stats/capture.ts';
import type { StatsSource } from '../../stats/entry.ts';

/** `VideoFrameCallbackMetadata` with the member that only frames of a call have. */
interface FrameMetadata {
  expectedDisplayTime: number;
  captureTime?: number;
}

/** Pictures are looked at for so long after they were asked about, and no longer: each look wakes the page. */
const READ_WITHIN_MS = 2_500;

/**
 * How old the pictures on the screen are. The capture time that packets carry says it; where none
 * does, the browser's own estimate from the sender reports, which leaves out the way from the
 * publisher to the server.
 */
export class CaptureDelay {
  private readonly video: HTMLVideoElement;
  private readAtMs = 0;
  private callback: number | undefined;
  private estimatedMs: number | undefined;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  stop(): void {
    if (this.callback !== undefined) this.video.cancelVideoFrameCallback(this.callback);
    this.callback = undefined;
  }

  /** Undefined where nobody knows. */
  read(connection: RtcConnection | undefined, report: StatsSource): number | undefined {
    this.readAtMs = performance.now();
    if (this.callback === undefined && 'requestVideoFrameCallback' in this.video) this.await();
    const receiver = connection
      ?.getTransceivers()
      .map((transceiver) => transceiver.receiver)
      .find(({ track }) => track.kind === 'video');
    const [source] = (receiver?.getSynchronizationSources?.() ?? []) as CaptureSource[];
    return captureDelayMs(source, report) ?? this.estimatedMs;
  }

  private await(): void {
    this.callback = this.video.requestVideoFrameCallback((_now, metadata: FrameMetadata) => {
      const { expectedDisplayTime, captureTime } = metadata;
      this.estimatedMs =
        captureTime === undefined ? undefined : plausible(expectedDisplayTime - captureTime);
      this.callback = undefined;
      if (performance.now() - this.readAtMs < READ_WITHIN_MS) this.await();
    });
  }
}
