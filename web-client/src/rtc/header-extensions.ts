/**
 * When a picture or a sound was captured, as a header extension of its packet. No browser offers it
 * unasked; with it a player knows how old what it shows is.
 */
export const CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

/**
 * Which frames a frame needs, and which sizes need it. A player that does not offer it cannot put
 * together the sizes inside an AV1 stream; a publisher that sends some offers it by itself.
 */
export const DEPENDENCY_DESCRIPTOR =
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

/** W3C webrtc-extensions, "RTP header extension control"; not among TypeScript's own types. */
export interface HeaderExtensionControl {
  getHeaderExtensionsToNegotiate?(): HeaderExtension[];
  setHeaderExtensionsToNegotiate?(extensions: HeaderExtension[]): void;
}

export interface HeaderExtension {
  uri: string;
  direction: RTCRtpTransceiverDirection;
}

/**
 * Lets the next offer ask for what browsers do not offer unasked: capture times, and where video is
 * received also dependency descriptors. The browser gives each its id, which is then the same in
 * every bundled section (RFC 8843, Section 9.3). A browser without the control, or without the
 * extensions, offers what it would have offered.
 */
export function askForHeaderExtensions(
  transceiver: Partial<RTCRtpTransceiver> & HeaderExtensionControl,
): void {
  const receives = transceiver.direction === 'recvonly' || transceiver.direction === 'sendrecv';
  const wanted = receives ? [CAPTURE_TIME, DEPENDENCY_DESCRIPTOR] : [CAPTURE_TIME];
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.() ?? [];
  const isWanted = ({ uri }: HeaderExtension) => wanted.includes(uri);
  if (!extensions.some(isWanted)) return;
  transceiver.setHeaderExtensionsToNegotiate?.(
    extensions.map((extension) =>
      isWanted(extension) ? { ...extension, direction: 'sendrecv' } : extension,
    ),
  );
}
