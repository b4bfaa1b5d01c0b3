/**
 * A WHIP publisher (RFC 9725) that anyone can import: no page, no framework, no global state.
 *
 *     const publisher = new WhipPublisher({ url: '/whip/demo', token: key, onState: console.log });
 *     publisher.publish({ media, codec: 'H264', encodings: [{ maxBitrate: 2_500_000 }] });
 *
 * Of several encodings it sends those that somebody watches, where the server says which, as long
 * as its path carries them all.
 *
 * It keeps itself live: after a cut it restarts ICE, then makes a new session, until `close`. Nothing
 * is thrown at who called for what the network or the server does: it is told as a state (`onState`),
 * with a `SignalingError` that says why.
 */
import { type Clock, systemClock } from './rtc/clock.ts';
import { codecPreferences, type VideoCodec } from './rtc/codecs.ts';
import { EncodingSwitch, wantedRids } from './rtc/encoding-switch.ts';
import { Keeper, type KeeperState } from './rtc/keeper.ts';
import { type OpeningOptions, open } from './rtc/opening.ts';
import type { RtcConnection, RtcSession } from './rtc/rtc-session.ts';
import { warningsOf } from './signaling/warnings.ts';

export type { Clock } from './rtc/clock.ts';
export { sendableCodecs, type VideoCodec } from './rtc/codecs.ts';
export { type EncodingPlan, type Layering, sendEncodings } from './rtc/encodings.ts';
export type { KeeperState } from './rtc/keeper.ts';
export type { RtcConnection } from './rtc/rtc-session.ts';
export { SignalingError, type SignalingErrorKind } from './signaling/error.ts';

/** The WHIP endpoint, with a stream key or publish token. */
export interface WhipOptions extends OpeningOptions {
  /**
   * Called with the names of all that is wrong with the stream for those who do not play it by WHEP,
   * at each change, and with none when that is over. Only from servers that say so.
   */
  onWarnings?: (warnings: string[]) => void;
}

/** What is published, and how. */
export interface Publication {
  /**
   * At most one audio and one video track of it are sent (RFC 9725, Section 4.4.2). They stay the
   * caller's: `close` does not stop them.
   */
  media: MediaStream;
  /** Offered alone. Without one, or where the browser has not got it, its own order stands. */
  codec?: VideoCodec;
  /** Of the video track, low to high; `sendEncodings` makes them. Without any, one that the browser chooses. */
  encodings?: RTCRtpEncodingParameters[];
  /** What the encoder keeps when it must choose. Browsers that do not know it go on without. */
  degradationPreference?: RTCDegradationPreference;
}

/** Waits between tries: soon at first, since an audience is waiting; then out of the server's way. */
const BACKOFF = { firstMs: 500, maxMs: 15_000 };

/** Publishes one stream. `publish` once; for another publication make another publisher. */
export class WhipPublisher {
  private readonly options: WhipOptions;
  private readonly clock: Clock;
  private readonly keeper: Keeper<RtcSession>;
  private publication: Publication | undefined;
  private session: RtcSession | undefined;

  constructor(options: WhipOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.keeper = new Keeper({
      clock: this.clock,
      open: (takesOver, signal) => this.open(takesOver, signal),
      retriesConflict: false,
      backoff: BACKOFF,
      onState: (state) => options.onState?.(state),
    });
  }

  /** What `onState` was told last. */
  get state(): KeeperState {
    return this.keeper.state;
  }

  /** The connection of the session at hand, for statistics. Another after a new session. */
  get connection(): RtcConnection | undefined {
    return this.session?.connection;
  }

  /**
   * Goes live. With `takesOver` it replaces whoever publishes with the same key; without, a stream
   * that is live makes it fail with 409. Throws only when it is called twice.
   */
  publish(publication: Publication, takesOver = false): void {
    if (this.publication) throw new Error('a publisher publishes once');
    this.publication = publication;
    void this.keeper.run(takesOver);
  }

  /**
   * Sends other tracks in the place of those so far, without a new session. False where the session
   * has no place for one of them: then only another publication brings it across.
   */
  async replaceMedia(media: MediaStream): Promise<boolean> {
    if (!this.publication) return false;
    this.publication = { ...this.publication, media };
    const transceivers = this.session?.connection.getTransceivers() ?? [];
    const places = new Set(transceivers.map(({ receiver }) => receiver.track.kind));
    const tracks = tracksOf(media);
    await Promise.all(
      transceivers.map(({ sender, receiver }) => {
        const track = tracks.find(({ kind }) => kind === receiver.track.kind);
        return sender.replaceTrack(track ?? null);
      }),
    );
    return tracks.every(({ kind }) => places.has(kind));
  }

  /** Ends waits early: the network is back (`addEventListener('online', …)`), or a person is impatient. */
  hurry(): void {
    this.keeper.hurry();
  }

  /** Ends the session, here and at the server, for good. Also works from a page that is closing. */
  close(): void {
    this.keeper.close();
    this.session?.close();
  }

  private async open(takesOver: boolean, signal: AbortSignal): Promise<RtcSession> {
    this.session = await open(this.options, {
      clock: this.clock,
      signal,
      ...(takesOver ? { query: { takeover: '1' } } : {}),
      addMedia: (connection) => this.addMedia(connection),
    });
    this.listen(this.session);
    return this.session;
  }

  private listen(session: RtcSession): void {
    // What was wrong is not known of the new session.
    this.options.onWarnings?.([]);
    const sending = this.encodingSwitch(session);
    const events = [...(sending ? ['wanted'] : []), ...(this.options.onWarnings ? ['warnings'] : [])];
    if (events.length === 0) return;
    session.listenTo(events, (name, data) => {
      const rids = name === 'wanted' ? wantedRids(data) : undefined;
      if (rids) void sending?.send(rids);
      if (name === 'warnings') this.options.onWarnings?.(warningsOf(data));
    });
  }

  /** With one encoding there is nothing to spare: whatever is sent is what viewers get. */
  private encodingSwitch(session: RtcSession): EncodingSwitch | undefined {
    const { media, encodings = [] } = this.publication ?? {};
    const index = media ? tracksOf(media).findIndex(({ kind }) => kind === 'video') : -1;
    const transceiver = session.connection.getTransceivers()[index];
    if (!transceiver || encodings.length < 2) return undefined;
    return new EncodingSwitch(transceiver.sender, this.clock);
  }

  private addMedia(connection: RtcConnection): void {
    if (!this.publication) return;
    const { media, codec, encodings, degradationPreference } = this.publication;
    for (const track of tracksOf(media)) {
      const isVideo = track.kind === 'video';
      const transceiver = connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [media],
        ...(isVideo && encodings ? { sendEncodings: encodings } : {}),
      });
      if (!isVideo) prefer(transceiver, 'audio', 'audio/opus');
      if (isVideo && codec) prefer(transceiver, 'video', `video/${codec}`);
      if (isVideo && degradationPreference) void hold(transceiver.sender, degradationPreference);
    }
  }
}

/** One track per kind (RFC 9725, Section 4.4.2). */
function tracksOf(media: MediaStream): MediaStreamTrack[] {
  return [...media.getVideoTracks().slice(0, 1), ...media.getAudioTracks().slice(0, 1)];
}

function prefer(transceiver: RTCRtpTransceiver, kind: string, mimeType: string): void {
  // A browser that has no preferences to set still offers the codec among the others.
  if (typeof RTCRtpSender === 'undefined' || !transceiver.setCodecPreferences) return;
  const preferences = codecPreferences(RTCRtpSender.getCapabilities(kind), mimeType);
  if (preferences.length > 0) transceiver.setCodecPreferences(preferences);
}

/** Not every browser knows the preference, and it is only one: whoever refuses goes on without. */
async function hold(sender: RTCRtpSender, preference: RTCDegradationPreference): Promise<void> {
  const parameters = { ...sender.getParameters(), degradationPreference: preference };
  await sender.setParameters(parameters).catch(() => undefined);
}
