import type { SignalingError } from '../signaling/error.ts';

/** Whose trouble is explained. */
export type Role = 'publish' | 'play';

/**
 * What a person is told, and can do, about an error. Codes that are not known are explained by
 * their class (RFC 9725, Section 4.1); what the server itself says to do comes after.
 */
export function explain(error: SignalingError, role: Role): string {
  const own = role === 'publish' ? publishing(error) : playing(error);
  return own ?? general(error);
}

function publishing(error: SignalingError): string | undefined {
  switch (error.status) {
    case 401:
      return 'The stream key was not accepted. Check it, and that it belongs to this stream; ask for a new token where one has expired.';
    case 403:
      if (error.code === 'stream-ended') return general(error);
      return 'This key may not publish on this stream. Ask for a key or token that may.';
    case 409:
      return 'Somebody is already live on this stream with its key. Ask them to stop, or take over.';
    default:
      return undefined;
  }
}

function playing(error: SignalingError): string | undefined {
  switch (error.status) {
    case 401:
      return 'This stream needs an invitation. Open the link that you were given, or ask for a new one.';
    case 403:
      return 'Your invitation does not cover this stream. Ask for one that does.';
    case 409:
      return 'Nobody is live here yet. It starts by itself when somebody is.';
    default:
      if (error.code === 'audience-full') return 'This stream has all the viewers that it may have. This page keeps trying.';
      return undefined;
  }
}

function general(error: SignalingError): string {
  switch (error.kind) {
    case 'unreachable':
      return 'The server does not answer. Check your network; this page keeps trying.';
    case 'blocked':
      return isLoopbackInFirefox() ? FIREFOX_ON_LOOPBACK : BLOCKED;
    case 'unavailable':
      return 'The server is busy or restarting. This page keeps trying.';
    case 'unexpected':
      return `Server and browser do not understand each other: ${sentence(error.detail ?? error.message)}`;
    case 'refused':
      if (error.status === 429)
        return `${sentence(error.detail ?? 'That was too often')} This page waits and tries again.`;
      return `The server refused: ${sentence(error.detail ?? error.message)}`;
  }
}

const BLOCKED = 'The server answers, but media does not get through. A firewall may block its media port.';

/** Firefox leaves the loopback out of ICE (its setting `media.peerconnection.ice.loopback`). */
const FIREFOX_ON_LOOPBACK =
  'Firefox sends no media to 127.0.0.1. Start the server with --listen 0.0.0.0 and open the link that it prints, or use another browser.';

function isLoopbackInFirefox(): boolean {
  // There is none where this is used outside a page.
  const hostname = globalThis.location?.hostname ?? '';
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return isLoopback && navigator.userAgent.includes('Firefox/');
}

/** What the server says may be a whole sentence or a few words. */
function sentence(words: string): string {
  return words.endsWith('.') ? words : `${words}.`;
}

/** Why a camera, microphone or screen could not be had. */
export function explainCapture(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The browser was not allowed to capture. Allow it at the address bar, then try again.';
    case 'NotFoundError':
      return 'No camera or microphone was found. Plug one in, or choose the test pattern.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The device is in use by another program, or failed. Close the other program and try again.';
    case 'OverconstrainedError':
      return 'The chosen device is gone. Choose another one.';
    case 'InvalidStateError':
      return 'The browser shares a screen only after a click. Choose the screen again.';
    default:
      return 'This browser cannot capture here. It needs HTTPS, or an address of this machine itself.';
  }
}
