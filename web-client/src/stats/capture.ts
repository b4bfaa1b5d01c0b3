import { Snapshot, type StatsSource } from './entry.ts';

/** The members of `RTCRtpSynchronizationSource` in use, as browsers have them. */
export interface CaptureSource {
  /** When its last frame was delivered, in milliseconds of unix time. */
  timestamp: number;
  /** When that frame was captured, on the clock of whoever captured it: milliseconds since 1900. */
  captureTimestamp?: number;
  /** How far that clock is ahead of the server's, in milliseconds. */
  senderCaptureTimeOffset?: number;
}

/** From 1900, where NTP counts from, to 1970. */
const NTP_TO_UNIX_MS = 2_208_988_800_000;

/**
 * Longer than this is no live stream: one of the clocks was set, and the estimate of the other is
 * older than that.
 */
const DELAY_MAX_MS = 30_000;

/**
 * The estimates of three clocks may be wrong by some milliseconds, and a frame that was as quick
 * seem to arrive before its capture. Further below zero the clocks mean nothing.
 */
const ERROR_MS = 50;

/**
 * How long the latest frame of a source took from its capture to the player, by the clock of whoever
 * captured it and that of the server, which its sender reports carry. Undefined where one of the two
 * is not known.
 */
export function captureDelayMs(
  source: CaptureSource | undefined,
  report: StatsSource,
): number | undefined {
  const aheadMs = aheadOfServerMs(report);
  if (source === undefined || aheadMs === undefined) return undefined;
  const onServerMs = capturedAtMs(source);
  if (onServerMs === undefined) return undefined;
  return plausible(source.timestamp - (onServerMs + aheadMs));
}

/** When the latest frame of a source was captured, on the server's clock: milliseconds of unix time. */
export function capturedAtMs({ captureTimestamp, senderCaptureTimeOffset }: CaptureSource): number | undefined {
  if (captureTimestamp === undefined || senderCaptureTimeOffset === undefined) return undefined;
  return captureTimestamp - NTP_TO_UNIX_MS - senderCaptureTimeOffset;
}

/** A delay, if it can be one. */
export function plausible(delayMs: number): number | undefined {
  return delayMs > -ERROR_MS && delayMs < DELAY_MAX_MS ? Math.max(0, delayMs) : undefined;
}

/** How far this machine's clock is ahead of the server's, which is half a round trip away. */
function aheadOfServerMs(report: StatsSource): number | undefined {
  const snapshot = new Snapshot(report);
  const reported = snapshot.ofType('remote-outbound-rtp');
  const ahead = reported.flatMap(({ timestamp, remoteTimestamp }) =>
    remoteTimestamp === undefined ? [] : [timestamp - remoteTimestamp],
  );
  // Reports that took longer say more than there is.
  return ahead.length > 0 ? Math.min(...ahead) - (snapshot.roundTripMs ?? 0) / 2 : undefined;
}
