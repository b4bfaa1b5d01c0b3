import {
  completeOffer,
  iceCredentials,
  restartedAnswer,
  taggedSection,
} from '../signaling/description.ts';
import { SignalingError } from '../signaling/error.ts';
import { EventStream, type OnEvent } from '../signaling/event-stream.ts';
import { type Endpoint, type HttpSession, openSession } from '../signaling/http-session.ts';
import { writeFragment } from '../signaling/sdp-fragment.ts';
import { CandidateBuffer } from './candidate-buffer.ts';
import { askForHeaderExtensions } from './header-extensions.ts';
import type { Clock } from './clock.ts';

/** The part of `RTCPeerConnection` in use; a test's stand-in implements no more. */
export type RtcConnection = Pick<
  RTCPeerConnection,
  | 'addTransceiver'
  | 'addEventListener'
  | 'close'
  | 'connectionState'
  | 'createOffer'
  | 'currentRemoteDescription'
  | 'getConfiguration'
  | 'getStats'
  | 'getTransceivers'
  | 'iceGatheringState'
  | 'setConfiguration'
  | 'setLocalDescription'
  | 'setRemoteDescription'
>;

/** What a session reports. */
export type SessionChange =
  | 'connected'
  /** ICE gets no answers; a restart may heal it. */
  | 'interrupted'
  /** The server ended the session; only a new one helps. */
  | 'ended';

export interface RtcSessionOptions {
  endpoint: Endpoint;
  clock: Clock;
  createConnection: (configuration: RTCConfiguration) => RtcConnection;
  /** STUN and TURN servers known beforehand. */
  iceServers: RTCIceServer[];
  /** Whether to use the servers that the endpoint's `Link` headers name. */
  acceptsLinkedIceServers: boolean;
  /** Adds the transceivers to a fresh connection. */
  addMedia: (connection: RtcConnection) => void;
}

/** One WHIP or WHEP session: an RTC connection and the URL that stands for it at the server. */
export class RtcSession {
  readonly connection: RtcConnection;
  onChange: ((change: SessionChange) => void) | undefined;
  readonly http: HttpSession;
  private events: EventStream | undefined;
  private readonly clock: Clock;
  private readonly candidates: CandidateBuffer;
  private isClosed = false;

  private constructor(connection: RtcConnection, http: HttpSession, clock: Clock) {
    this.connection = connection;
    this.http = http;
    this.clock = clock;
    this.candidates = new CandidateBuffer(clock, (fragment) => this.trickle(fragment));
  }

  /**
   * Opens a session. The offer is applied only when the 201 is here: gathering then begins with the
   * ICE servers that the endpoint named (RFC 9725, Section 4.6), and no candidate exists before the
   * URL it must be sent to.
   */
  static async open(options: RtcSessionOptions, signal: AbortSignal): Promise<RtcSession> {
    const connection = options.createConnection({
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
      iceServers: options.iceServers,
    });
    let http: HttpSession | undefined;
    try {
      options.addMedia(connection);
      for (const transceiver of connection.getTransceivers()) askForHeaderExtensions(transceiver);
      const offer = await connection.createOffer();
      const opened = await openSession(options.endpoint, completeOffer(offer.sdp ?? ''), signal);
      http = opened.session;
      signal.throwIfAborted();
      if (options.acceptsLinkedIceServers && opened.iceServers.length > 0) {
        const iceServers = [...options.iceServers, ...opened.iceServers];
        connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
      }
      const session = new RtcSession(connection, http, options.clock);
      session.listen();
      session.candidates.begin(offer.sdp ?? '');
      await connection.setLocalDescription(offer);
      await acceptAnswer(connection, opened.answer);
      session.listenToTransport();
      return session;
    } catch (error) {
      connection.close();
      void http?.close();
      throw error;
    }
  }

  get isConnected(): boolean {
    return this.connection.connectionState === 'connected';
  }

  /**
   * Restarts ICE (RFC 9725, Section 4.3.3). Nothing changes on this side until the server has
   * agreed, so a restart that is refused leaves the running ICE session as it is.
   */
  async restartIce(): Promise<void> {
    this.candidates.drop();
    const offer = await this.connection.createOffer({ iceRestart: true });
    const sdp = offer.sdp ?? '';
    const section = taggedSection(sdp);
    const credentials = iceCredentials(sdp);
    if (!section || !credentials) throw new Error('the offer has no ICE credentials');
    const answered = await this.http.restart(
      writeFragment(section, { credentials, candidates: [], isComplete: false }),
    );
    if (!answered || this.isClosed) return;
    const answer = this.connection.currentRemoteDescription?.sdp ?? '';
    this.candidates.begin(sdp);
    await this.connection.setLocalDescription(offer);
    await acceptAnswer(this.connection, restartedAnswer(answer, answered));
  }

  /** Listens to those of these events that the server has, until the session ends. */
  listenTo(events: string[], onEvent: OnEvent): void {
    this.events = new EventStream(this.http, this.clock, onEvent);
    void this.events.listen(events);
  }

  /** The server has asked for a new session in place of this one. */
  giveUp(): void {
    if (!this.isClosed) this.onChange?.('ended');
  }

  /** Ends the session here and at the server. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onChange = undefined;
    this.candidates.drop();
    this.events?.close();
    void this.http.close();
    this.connection.close();
  }

  private listen(): void {
    const { connection } = this;
    connection.addEventListener('icecandidate', (event) => {
      const line = event.candidate?.candidate;
      if (line) this.candidates.add(line);
    });
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState === 'complete') this.candidates.complete();
    });
    connection.addEventListener('connectionstatechange', () => {
      const state = connection.connectionState;
      if (state === 'connected') this.onChange?.('connected');
      if (state === 'disconnected' || state === 'failed') this.onChange?.('interrupted');
    });
  }

  /**
   * A server that ends a session closes DTLS, and that is news long before ICE consent runs out
   * (RFC 7675 allows 30 s). Everything is bundled, so any transceiver shows the one transport.
   */
  private listenToTransport(): void {
    const first = this.connection.getTransceivers()[0];
    const transport = first?.sender.transport ?? first?.receiver.transport;
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed') this.onChange?.('ended');
    });
  }

  private async trickle(fragment: string): Promise<void> {
    try {
      await this.http.trickle(fragment);
    } catch (error) {
      // 412: the server is in another ICE session than we are (RFC 9725, Section 4.3.1). All else
      // leaves the server without our candidates, which it may well do without.
      const isOutOfStep = error instanceof SignalingError && error.status === 412;
      if (isOutOfStep && !this.isClosed) this.onChange?.('interrupted');
    }
  }
}

async function acceptAnswer(connection: RtcConnection, sdp: string): Promise<void> {
  try {
    await connection.setRemoteDescription({ type: 'answer', sdp });
  } catch {
    throw new SignalingError('unexpected', 'the browser cannot use the answer of the server');
  }
}
