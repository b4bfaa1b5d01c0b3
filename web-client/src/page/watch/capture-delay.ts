import type { RtcConnection } from '../../rtc/rtc-session.ts';
import { type CaptureSource, captureDelayMs, plausible } from '../../stats/capture.ts';
import type { StatsSource } from '../../stats/entry.ts';

/** `VideoFrameCallbackMetadata` with the member that only frames of a call have. */
interface FrameMetadata {
  expectedDisplayTime: number;
  captureTime?: number;
}

/**
 * How old the pictures on the screen are. The capture time that packets carry says it; where none
 * does, the browser's own estimate from the sender reports, which leaves out the way from the
 * publisher to the server.
 */
export class CaptureDelay {
  private readonly video: HTMLVideoElement;
  private callback: number | undefined;
  private estimatedMs: number | undefined;

  constructor(video: HTMLVideoElement) {
    this.video = video;
  }

  start(): void {
    this.stop();
    this.estimatedMs = undefined;
    if ('requestVideoFrameCallback' in this.video) this.await();
  }

  stop(): void {
    if (this.callback !== undefined) this.video.cancelVideoFrameCallback(this.callback);
    this.callback = undefined;
  }

  /** Undefined where nobody knows. */
  read(connection: RtcConnection | undefined, report: StatsSource): number | undefined {
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
      this.await();
    });
  }
}
