import type { RtcConnection } from '../src/rtc/rtc-session.ts';

/**
 * A connection that negotiates on paper: its offers carry fresh ICE credentials, it keeps the
 * descriptions it is given, and a test moves its states and hands out its candidates.
 */
export class ScriptedConnection extends EventTarget {
  readonly configuration: RTCConfiguration;
  readonly configurations: RTCConfiguration[] = [];
  readonly localDescriptions: string[] = [];
  readonly remoteDescriptions: string[] = [];
  readonly transport = Object.assign(new EventTarget(), { state: 'new' });
  readonly transceivers: { track: unknown; init: RTCRtpTransceiverInit | undefined }[] = [];
  /** What it says that its path carries. */
  carriesBps = 10_000_000;
  /** What senders send, by the index of their transceiver. */
  readonly encodings = new Map<number, RTCRtpEncodingParameters[]>();
  /** What senders were given, by the index of their transceiver. */
  readonly replacements = new Map<number, unknown>();
  connectionState: RTCPeerConnectionState = 'new';
  iceGatheringState: RTCIceGatheringState = 'new';
  isClosed = false;
  private offers = 0;

  constructor(configuration: RTCConfiguration) {
    super();
    this.configuration = configuration;
  }

  /** As the modules under test see it. */
  get asConnection(): RtcConnection {
    return this as unknown as RtcConnection;
  }

  get currentRemoteDescription() {
    const sdp = this.remoteDescriptions.at(-1);
    return sdp === undefined ? null : { type: 'answer', sdp };
  }

  addTransceiver(track: unknown, init?: RTCRtpTransceiverInit) {
    this.transceivers.push({ track, init });
    const encodings = (init?.sendEncodings ?? [{}]).map((one) => ({ active: true, ...one }));
    this.encodings.set(this.transceivers.length - 1, encodings);
    return this.transceiverOf(track, this.transceivers.length - 1);
  }

  getTransceivers() {
    return this.transceivers.map(({ track }, index) => this.transceiverOf(track, index));
  }

  private transceiverOf(track: unknown, index: number) {
    const kind = typeof track === 'string' ? track : (track as { kind: string }).kind;
    const sender = {
      transport: this.transport,
      getParameters: () => ({ encodings: this.encodings.get(index) ?? [] }),
      getStats: async () => new Map([['pair', { availableOutgoingBitrate: this.carriesBps }]]),
      setParameters: async ({ encodings }: { encodings: RTCRtpEncodingParameters[] }) => {
        this.encodings.set(index, encodings);
      },
      replaceTrack: async (other: unknown) => {
        this.replacements.set(index, other);
      },
    };
    return { sender, receiver: { transport: this.transport, track: { kind } } };
  }

  createOffer() {
    this.offers += 1;
    return Promise.resolve({ type: 'offer', sdp: offerSdp(this.offers) });
  }

  setLocalDescription(description: { sdp: string }) {
    this.localDescriptions.push(description.sdp);
    return Promise.resolve();
  }

  setRemoteDescription(description: { sdp: string }) {
    this.remoteDescriptions.push(description.sdp);
    return Promise.resolve();
  }

  getConfiguration() {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration) {
    this.configurations.push(configuration);
  }

  getStats() {
    return Promise.resolve(new Map());
  }

  close() {
    this.isClosed = true;
    this.connectionState = 'closed';
  }

  candidate(line: string) {
    this.dispatchEvent(
      Object.assign(new Event('icecandidate'), { candidate: { candidate: line } }),
    );
  }

  gathered() {
    this.iceGatheringState = 'complete';
    this.dispatchEvent(new Event('icegatheringstatechange'));
  }

  become(state: RTCPeerConnectionState) {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  closeTransport() {
    this.transport.state = 'closed';
    this.transport.dispatchEvent(new Event('statechange'));
  }
}

/** The credentials of the n-th offer can be told by its number. */
export function offerSdp(number: number): string {
  return [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:offer${number}`,
    `a=ice-pwd:offerpwd${number}`,
    'a=mid:0',
    'a=rtcp-mux',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:offer${number}`,
    `a=ice-pwd:offerpwd${number}`,
    'a=mid:1',
    'a=rtcp-mux',
    '',
  ].join('\r\n');
}

export const ANSWER = [
  'v=0',
  'o=- 3 4 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=ice-lite',
  'a=group:BUNDLE 0 1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=ice-ufrag:answer1',
  'a=ice-pwd:answerpwd1',
  'a=candidate:1 1 udp 1 192.0.2.1 8189 typ host',
  'a=end-of-candidates',
  'a=mid:0',
  'a=setup:passive',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:answer1',
  'a=ice-pwd:answerpwd1',
  'a=mid:1',
  'a=setup:passive',
  '',
].join('\r\n');

/** What a server answers to a restart. */
export function restartAnswer(number: number): string {
  return [
    `a=ice-ufrag:answer${number}`,
    `a=ice-pwd:answerpwd${number}`,
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:0',
    `a=candidate:${number} 1 udp 1 192.0.2.${number} 8189 typ host`,
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}
