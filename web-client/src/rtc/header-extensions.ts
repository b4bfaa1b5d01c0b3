/**
 * When a picture or a sound was captured, as a header extension of its packet. No browser offers it
 * unasked; with it a player knows how old what it shows is.
 */
export const CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

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
 * Lets the next offer ask for capture times. The browser gives the extension its id, which is then
 * the same in every bundled section (RFC 8843, Section 9.3). A browser without the control, or
 * without the extension, offers what it would have offered.
 */
export function askForCaptureTime(
  transceiver: Partial<RTCRtpTransceiver> & HeaderExtensionControl,
): void {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.() ?? [];
  const isKnown = extensions.some(({ uri }) => uri === CAPTURE_TIME);
  if (!isKnown) return;
  transceiver.setHeaderExtensionsToNegotiate?.(
    extensions.map((extension) =>
      extension.uri === CAPTURE_TIME ? { ...extension, direction: 'sendrecv' } : extension,
    ),
  );
}
