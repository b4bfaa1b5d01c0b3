import type { Clock } from './clock.ts';

/** How often the count of packets is looked at. */
const LOOK_MS = 500;

/** Before the first packet the looks are closer: a page uncovers its picture with it. */
const FIRST_LOOK_MS = 50;

/**
 * Without a packet for this long, nobody is sending. Even a still screen has audio or a frame per
 * second, and a keyframe after loss is there within one second.
 */
const STALL_MS = 2_500;

/** Tells whether media is arriving: a publisher may leave while the player's session lives on. */
export class FlowWatch {
  private readonly clock: Clock;
  private readonly packetsReceived: () => Promise<number>;
  private readonly onFlow: (isFlowing: boolean) => void;
  private callOff: (() => void) | undefined;
  private isStopped = false;
  /** Undefined until the first packet, or until waiting for it has taken too long. */
  private isFlowing: boolean | undefined;
  private count = 0;
  private changedMs: number;

  constructor(
    clock: Clock,
    packetsReceived: () => Promise<number>,
    onFlow: (isFlowing: boolean) => void,
  ) {
    this.clock = clock;
    this.packetsReceived = packetsReceived;
    this.onFlow = onFlow;
    this.changedMs = clock.nowMs();
    void this.look();
  }

  stop(): void {
    this.isStopped = true;
    this.callOff?.();
  }

  private async look(): Promise<void> {
    const count = await this.packetsReceived();
    if (this.isStopped) return;
    const nowMs = this.clock.nowMs();
    if (count !== this.count) {
      this.count = count;
      this.changedMs = nowMs;
      this.report(true);
    } else if (nowMs - this.changedMs >= STALL_MS) {
      this.report(false);
    }
    const delayMs = this.isFlowing === undefined ? FIRST_LOOK_MS : LOOK_MS;
    this.callOff = this.clock.after(delayMs, () => void this.look());
  }

  private report(isFlowing: boolean): void {
    if (isFlowing === this.isFlowing) return;
    this.isFlowing = isFlowing;
    this.onFlow(isFlowing);
  }
}

/** The packets that a connection has received on all its tracks. */
export function countPackets(report: RTCStatsReport): number {
  let packets = 0;
  report.forEach((entry: { type: string; packetsReceived?: number }) => {
    if (entry.type === 'inbound-rtp') packets += entry.packetsReceived ?? 0;
  });
  return packets;
}
