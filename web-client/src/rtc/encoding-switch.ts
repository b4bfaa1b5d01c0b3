import { isRecord } from '../signaling/layers.ts';
import type { Clock } from './clock.ts';

/** The part of `RTCRtpSender` in use. */
export type EncodingSender = Pick<
  RTCRtpSender,
  'getParameters' | 'getStats' | 'setParameters' | 'transport'
>;

/** Rids that are read of one event; a track has no more encodings. */
const RIDS_MAX = 8;

/**
 * Which share of all that the encodings may take the path must be known to carry before one of
 * them rests. A browser that begins to send more finds out what its path carries from there, by a
 * few percent a second: at a lower estimate a viewer would wait for it. With a quarter less, every
 * encoding is sent at once, the best of them a little softer. A path that does not carry so much
 * has nothing to spare either: the browser leaves out what does not fit.
 */
const CARRIED_SHARE = 0.75;

/** How often the path is looked at while something rests, or waits to: a change of network. */
const LOOK_MS = 2_000;

/**
 * The rids in the data of a `wanted` event, whose member is named by the m-line of the video;
 * undefined where there are none. A video of which nothing is wanted does not exist: the lowest
 * encoding is kept for the viewer who comes next.
 */
export function wantedRids(data: unknown): string[] | undefined {
  if (!isRecord(data)) return undefined;
  const list: unknown = Object.values(data).find(Array.isArray);
  if (!Array.isArray(list)) return undefined;
  const rids = list.slice(0, RIDS_MAX).filter((rid): rid is string => typeof rid === 'string');
  return rids.length > 0 ? rids : undefined;
}

/**
 * Sends those encodings of a track that somebody watches: the others cost its publisher an encoder
 * and bandwidth for nobody. They rest only while the path is known to carry all of them, so that each
 * is back with its first picture. Changes are made one after another, because a browser refuses
 * parameters that were read before another change.
 */
export class EncodingSwitch {
  private readonly sender: EncodingSender;
  private readonly clock: Clock;
  private rids: string[] = [];
  private last: Promise<void> = Promise.resolve();
  private callOff: (() => void) | undefined;

  constructor(sender: EncodingSender, clock: Clock) {
    this.sender = sender;
    this.clock = clock;
  }

  /** Resolves when it is done, or the browser has refused. */
  send(rids: string[]): Promise<void> {
    this.rids = rids;
    this.last = this.last.then(() => this.apply());
    return this.last;
  }

  private async apply(): Promise<void> {
    this.callOff?.();
    this.callOff = undefined;
    if (this.sender.transport?.state === 'closed') return;
    const { rids } = this;
    const isKnown = ({ rid }: RTCRtpEncodingParameters) => rid !== undefined && rids.includes(rid);
    const sent = this.sender.getParameters().encodings;
    // Rids that are none of ours would stop everything.
    if (!sent.some(isKnown)) return;
    const areAllWanted = sent.every((encoding) => encoding.rid === undefined || isKnown(encoding));
    if (!areAllWanted) this.callOff = this.clock.after(LOOK_MS, () => void this.send(this.rids));
    const mayRest = !areAllWanted && (await this.carriesAll(sent));
    await this.activate((encoding) => !mayRest || encoding.rid === undefined || isKnown(encoding));
  }

  /** Whether the path is known to carry what these take together. */
  private async carriesAll(encodings: RTCRtpEncodingParameters[]): Promise<boolean> {
    let neededBps = 0;
    for (const { maxBitrate } of encodings) {
      if (maxBitrate === undefined) return false;
      neededBps += maxBitrate * CARRIED_SHARE;
    }
    const report = await this.sender.getStats().catch(() => undefined);
    let carriedBps = 0;
    report?.forEach((entry: RTCStats & { availableOutgoingBitrate?: number }) => {
      carriedBps = Math.max(carriedBps, entry.availableOutgoingBitrate ?? 0);
    });
    return carriedBps >= neededBps;
  }

  private async activate(isSent: (encoding: RTCRtpEncodingParameters) => boolean): Promise<void> {
    const parameters = this.sender.getParameters();
    const { encodings } = parameters;
    if (encodings.every((encoding) => encoding.active === isSent(encoding))) return;
    parameters.encodings = encodings.map((encoding) => ({ ...encoding, active: isSent(encoding) }));
    // A browser that refuses goes on sending what it sends.
    await this.sender.setParameters(parameters).catch(() => undefined);
  }
}
