import type { VideoCodec } from './codecs.ts';

/** How a video track is to be sent. */
export interface EncodingPlan {
  codec: VideoCodec;
  /** What viewers on slow networks get. */
  layers: Layering;
  /** Height of the source; the encodings are fractions of it. */
  heightPx: number;
  /** Upper limit of the largest encoding; without one, what suits the height. */
  bitrateMaxBps?: number | undefined;
}

/**
 * What slow networks get: nothing of their own, one of three streams (simulcast), or the lower layers of a stream that has
 * three sizes inside (scalable, SVC).
 */
export type Layering = 'none' | 'simulcast' | 'scalable';

/** The rids of a simulcast track, low to high, as the names have it: quarter, half, full. */
const SIMULCAST = [
  { rid: 'q', divisor: 4 },
  { rid: 'h', divisor: 2 },
  { rid: 'f', divisor: 1 },
] as const;

/**
 * What 720 lines of moving pictures at 30 fps want in H.264. Other sizes follow from it: bits grow
 * with the pixels to the power of 0.75, since large pictures have more that is alike.
 */
const REFERENCE = { heightPx: 720, bitrateBps: 2_500_000, exponent: 0.75 };

/** No encoding gets less: below this a software encoder drops frames instead of detail. */
const BITRATE_BPS_MIN = 150_000;

/** The rate that suits a height, at the shape of 16:9. */
export function suitableBitrateBps(heightPx: number): number {
  const pixelsRatio = (heightPx / REFERENCE.heightPx) ** 2;
  const bitrateBps = REFERENCE.bitrateBps * pixelsRatio ** REFERENCE.exponent;
  return Math.max(BITRATE_BPS_MIN, Math.round(bitrateBps / 10_000) * 10_000);
}

/** The `sendEncodings` of a plan, low to high. */
export function sendEncodings(plan: EncodingPlan): RTCRtpEncodingParameters[] {
  const fullBps = plan.bitrateMaxBps ?? suitableBitrateBps(plan.heightPx);
  if (plan.layers === 'scalable' && hasSpatialLayers(plan.codec)) return [scalable(fullBps)];
  if (plan.layers === 'none') return [{ maxBitrate: fullBps }];
  return SIMULCAST.map(({ rid, divisor }) => ({
    rid,
    scaleResolutionDownBy: divisor,
    maxBitrate: Math.max(
      BITRATE_BPS_MIN,
      Math.round(fullBps / divisor ** (2 * REFERENCE.exponent)),
    ),
    ...scalability(plan.codec),
  }));
}

/**
 * VP9 and AV1 take several encodings for one stream with spatial layers, unless each is said to
 * have one layer (W3C webrtc-svc); the libraries of types do not know the member yet.
 */
function scalability(codec: VideoCodec): RTCRtpEncodingParameters {
  return (hasSpatialLayers(codec) ? { scalabilityMode: 'L1T1' } : {}) as RTCRtpEncodingParameters;
}

/** Codecs that can have several sizes in one stream. */
export function hasSpatialLayers(codec: VideoCodec | undefined): boolean {
  return codec === 'VP9' || codec === 'AV1';
}

/**
 * Three sizes at three frame rates, of which the sizes need each other on keyframes only: whoever gets the largest does not
 * carry the others as well (W3C webrtc-svc).
 */
export const SCALABILITY_MODE = 'L3T3_KEY';

/** The limit is for all layers together, which cost what the encodings of simulcast do. */
function scalable(fullBps: number): RTCRtpEncodingParameters {
  const shares = SIMULCAST.map(({ divisor }) => 1 / divisor ** (2 * REFERENCE.exponent));
  const maxBitrate = Math.round(fullBps * shares.reduce((sum, share) => sum + share));
  return { maxBitrate, scalabilityMode: SCALABILITY_MODE } as RTCRtpEncodingParameters;
}
