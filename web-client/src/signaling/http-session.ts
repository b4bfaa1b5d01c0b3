import { SignalingError } from './error.ts';
import type { LayerSelection } from './layers.ts';
import { iceServersOf, parseLinks } from './link-header.ts';
import { parseFragment, type SdpFragment } from './sdp-fragment.ts';

/** Where and as whom to speak. */
export interface Endpoint {
  url: string;
  /** Bearer token or stream key. Without one the header is never sent (RFC 9725, Section 4.7). */
  token?: string | undefined;
  /** Replaced in tests. */
  fetch?: typeof fetch | undefined;
}

/** What a successful POST brings. */
export interface Opened {
  session: HttpSession;
  answer: string;
  /** The endpoint's STUN and TURN servers, from its `Link` headers. */
  iceServers: RTCIceServer[];
}

/**
 * How long one request may take; then it counts as unreachable and is tried again by whoever asked.
 * Ten seconds: a handshake through a bad mobile network with two retransmissions.
 */
const REQUEST_MS_MAX = 10_000;

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const JSON_TYPE = 'application/json';

const EVENTS_RELATION = 'urn:ietf:params:whep:ext:core:server-sent-events';
const LAYER_RELATION = 'urn:ietf:params:whep:ext:core:layer';

/** Posts an offer (RFC 9725, Section 4.2; WHEP, Section 4). */
export async function openSession(
  endpoint: Endpoint,
  offer: string,
  signal?: AbortSignal,
): Promise<Opened> {
  const post = { method: 'POST', headers: { 'Content-Type': SDP, Accept: SDP }, body: offer };
  let response = await request(endpoint, endpoint.url, post, signal);
  if (response.status === 401 && hasLostToken(endpoint, response)) {
    response = await request(endpoint, response.url, post, signal);
  }
  if (response.status !== 201) throw await SignalingError.fromResponse(response, Date.now());
  const location = response.headers.get('Location');
  if (!location) throw new SignalingError('unexpected', 'the server named no session URL');
  const url = new URL(location, response.url || endpoint.url).href;
  const etag = response.headers.get('ETag') ?? undefined;
  const session = new HttpSession(endpoint, url, etag, extensionsOf(response));
  return {
    session,
    answer: await response.text(),
    iceServers: iceServersOf(response.headers.get('Link')),
  };
}

/**
 * `fetch` follows 307 and 308 with method and body, and drops `Authorization` when they lead to
 * another host. The endpoint that the token was given for has named that host, so it may have the
 * token too, but never over a less protected transport.
 */
function hasLostToken(endpoint: Endpoint, response: Response): boolean {
  if (endpoint.token === undefined || !response.redirected) return false;
  const from = new URL(endpoint.url);
  const to = new URL(response.url);
  return from.origin !== to.origin && (to.protocol === 'https:' || from.protocol === 'http:');
}

/** What the server offers beside the session. */
interface Extensions {
  /** Where event streams are made, and of what. */
  events?: { url: string; names: string[] };
  /** Where a layer is selected. */
  layerUrl?: string;
}

function extensionsOf(response: Response): Extensions {
  const extensions: Extensions = {};
  for (const { target, rels, parameters } of parseLinks(response.headers.get('Link') ?? '')) {
    if (!URL.canParse(target, response.url)) continue;
    const url = new URL(target, response.url).href;
    const names = (parameters.get('events') ?? '').split(',').filter(Boolean);
    if (rels.includes(EVENTS_RELATION)) extensions.events ??= { url, names };
    if (rels.includes(LAYER_RELATION)) extensions.layerUrl ??= url;
  }
  return extensions;
}

/** One WHIP or WHEP session as HTTP sees it: its URL, and the entity tag of its ICE session. */
export class HttpSession {
  readonly url: string;
  private readonly endpoint: Endpoint;
  private etag: string | undefined;
  /** Counts restarts, so that the answer to a superseded one is told from the newest. */
  private restartCount = 0;

  private readonly extensions: Extensions;

  constructor(
    endpoint: Endpoint,
    url: string,
    etag: string | undefined,
    extensions: Extensions = {},
  ) {
    this.endpoint = endpoint;
    this.extensions = extensions;
    this.url = url;
    this.etag = etag;
  }

  /**
   * Sends candidates of the current ICE session (RFC 9725, Section 4.3.2). How the server takes
   * them is of no interest once a restart has made them void.
   */
  async trickle(fragment: string): Promise<void> {
    const restart = this.restartCount;
    const headers: Record<string, string> = { 'Content-Type': FRAGMENT };
    // A server without restarts sends no tag, and then expects none (Section 4.3.1).
    if (this.etag !== undefined) headers['If-Match'] = this.etag;
    const response = await this.request({ method: 'PATCH', headers, body: fragment });
    if (restart !== this.restartCount) return;
    if (!response.ok) throw await SignalingError.fromResponse(response, Date.now());
  }

  /**
   * Asks for an ICE restart (Section 4.3.3) and returns the server's side of it; undefined where a
   * newer restart was asked for meanwhile, whose answer is the only one that counts.
   */
  async restart(fragment: string): Promise<SdpFragment | undefined> {
    this.restartCount += 1;
    const restart = this.restartCount;
    const response = await this.request({
      method: 'PATCH',
      headers: { 'Content-Type': FRAGMENT, 'If-Match': '*' },
      body: fragment,
    });
    if (restart !== this.restartCount) return undefined;
    if (response.status !== 200) throw await SignalingError.fromResponse(response, Date.now());
    const answered = parseFragment(await response.text());
    if (restart !== this.restartCount) return undefined;
    if (!answered)
      throw new SignalingError('unexpected', 'the restart was answered without ICE credentials');
    this.etag = response.headers.get('ETag') ?? undefined;
    return answered;
  }

  /**
   * Makes an event stream for those of these events that the server has, and returns its URL;
   * undefined where it has none of them.
   */
  async makeEventStream(wanted: string[]): Promise<string | undefined> {
    const { events } = this.extensions;
    const names = wanted.filter((name) => events?.names.includes(name));
    if (!events || names.length === 0) return undefined;
    const response = await request(this.endpoint, events.url, {
      method: 'POST',
      headers: { 'Content-Type': JSON_TYPE },
      body: JSON.stringify(names),
    });
    if (response.status !== 201) throw await SignalingError.fromResponse(response, Date.now());
    const location = response.headers.get('Location');
    if (!location) throw new SignalingError('unexpected', 'the event stream has no URL');
    return new URL(location, response.url).href;
  }

  /** Begins to read an event stream, which takes as long as the session does. */
  async pullEvents(url: string, signal: AbortSignal): Promise<Response> {
    const get = { headers: { Accept: 'text/event-stream' }, signal };
    const response = await send(this.endpoint, url, get, signal);
    if (response.status !== 200) throw await SignalingError.fromResponse(response, Date.now());
    return response;
  }

  /** Whether the server lets its player select a layer. */
  get canSelectLayer(): boolean {
    return this.extensions.layerUrl !== undefined;
  }

  /** Selects a layer of the video; nothing is automatic selection. */
  async selectLayer(selection: LayerSelection): Promise<void> {
    const { layerUrl } = this.extensions;
    if (layerUrl === undefined) throw new SignalingError('unexpected', 'no layers to select');
    const response = await request(this.endpoint, layerUrl, {
      method: 'POST',
      headers: { 'Content-Type': JSON_TYPE },
      body: JSON.stringify(selection),
    });
    if (!response.ok) throw await SignalingError.fromResponse(response, Date.now());
  }

  /**
   * Ends the session. No tag (Section 4.3.1), and `keepalive` so that it also leaves from a page
   * that is closing. A failure is nobody's concern: the server frees what is silent.
   */
  async close(): Promise<void> {
    await this.request({ method: 'DELETE', keepalive: true }).catch(() => undefined);
  }

  private request(init: RequestInit): Promise<Response> {
    return request(this.endpoint, this.url, init);
  }
}

async function request(
  endpoint: Endpoint,
  url: string,
  init: RequestInit,
  signal?: AbortSignal,
): Promise<Response> {
  const timeout = AbortSignal.timeout(REQUEST_MS_MAX);
  const ends = signal ? AbortSignal.any([signal, timeout]) : timeout;
  return send(endpoint, url, { ...init, signal: ends }, signal);
}

/** Ended by `caller`, it throws what `fetch` does; ended by anything else, it has failed. */
async function send(
  endpoint: Endpoint,
  url: string,
  init: RequestInit,
  caller: AbortSignal | undefined,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (endpoint.token !== undefined) headers.set('Authorization', `Bearer ${endpoint.token}`);
  const call = endpoint.fetch ?? fetch;
  try {
    return await call(url, {
      ...init,
      headers,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'follow',
    });
  } catch (error) {
    if (caller?.aborted) throw error;
    throw new SignalingError('unreachable', 'the server did not answer');
  }
}
