import type { Clock } from './clock.ts';
import type { KeeperState } from './keeper.ts';
import { type RtcConnection, RtcSession } from './rtc-session.ts';

/** What a publisher and a player are told alike. */
export interface OpeningOptions {
  /** The endpoint; relative to the page where there is one. Another origin must allow this one (CORS). */
  url: string;
  /** Stream key or token; without one no `Authorization` header is ever sent. */
  token?: string | undefined;
  /** STUN and TURN servers known beforehand. A server that is reachable needs none. */
  iceServers?: RTCIceServer[];
  /** Whether to use the ICE servers of the endpoint's `Link` headers. Default true. */
  acceptsLinkedIceServers?: boolean;
  /** Called at each change of state, and with the same one again where only its error is another. */
  onState?: (state: KeeperState) => void;
  /** Replaced in tests and where a proxy is wanted. */
  fetch?: typeof fetch;
  /** Makes the connection of each session; where other settings, or a wrapper, are wanted. */
  createConnection?: (configuration: RTCConfiguration) => RtcConnection;
  /** Replaced in tests: time and chance of the recovery. */
  clock?: Clock;
}

/** One opening of a session: what differs between the first and a later one, and between the two protocols. */
export interface Opening {
  clock: Clock;
  signal: AbortSignal;
  /** Added to the query of the endpoint. */
  query?: Record<string, string>;
  /** Adds the transceivers to a fresh connection. */
  addMedia: (connection: RtcConnection) => void;
}

/** Opens a session as the options say. */
export function open(options: OpeningOptions, opening: Opening): Promise<RtcSession> {
  const base = typeof location === 'undefined' ? undefined : location.href;
  const url = new URL(options.url, base);
  for (const [name, value] of Object.entries(opening.query ?? {})) url.searchParams.set(name, value);
  return RtcSession.open(
    {
      endpoint: { url: url.href, token: options.token, fetch: options.fetch },
      clock: opening.clock,
      createConnection: options.createConnection ?? ((config) => new RTCPeerConnection(config)),
      iceServers: options.iceServers ?? [],
      acceptsLinkedIceServers: options.acceptsLinkedIceServers ?? true,
      addMedia: opening.addMedia,
    },
    opening.signal,
  );
}
