/** The video codecs that Freshet forwards, in the order in which a studio prefers them. */
export const VIDEO_CODECS = ['H264', 'VP8', 'VP9', 'AV1'] as const;
export type VideoCodec = (typeof VIDEO_CODECS)[number];

/** As people write them. */
export const CODEC_NAMES: Record<VideoCodec, string> = {
  H264: 'H.264',
  VP8: 'VP8',
  VP9: 'VP9',
  AV1: 'AV1',
};

export function isVideoCodec(name: string): name is VideoCodec {
  return VIDEO_CODECS.some((codec) => codec === name);
}

/** Which of them are among a browser's capabilities (`RTCRtpSender.getCapabilities('video')`). */
export function sendableCodecs(capabilities: RTCRtpCapabilities | null): VideoCodec[] {
  const offered = new Set(capabilities?.codecs.map((codec) => codec.mimeType.toUpperCase()));
  return VIDEO_CODECS.filter((codec) => offered.has(`VIDEO/${codec}`));
}

/**
 * The capabilities that make a track go out in one codec: its variants, and what repairs it. Of
 * H.264 the packetization modes that carry large pictures come first (RFC 6184, Section 6.3).
 * Empty where the browser has not got the codec; then its own order stands.
 */
export function codecPreferences(
  capabilities: RTCRtpCapabilities | null,
  mimeType: string,
): RTCRtpCodec[] {
  const all = capabilities?.codecs ?? [];
  const wanted = all.filter((codec) => codec.mimeType.toLowerCase() === mimeType.toLowerCase());
  if (wanted.length === 0) return [];
  const isFragmenting = (codec: RTCRtpCodec) =>
    /packetization-mode=1/.test(codec.sdpFmtpLine ?? '');
  wanted.sort((a, b) => Number(isFragmenting(b)) - Number(isFragmenting(a)));
  const named = (name: string) => all.filter((codec) => codec.mimeType.toLowerCase() === name);
  // Redundancy (RFC 2198) goes before what it carries: a browser sends what comes first.
  return [...named('audio/red'), ...wanted, ...named('video/rtx')];
}
