import { isRecord } from '../signaling/layers.ts';

/** The part of `RTCRtpSender` in use. */
export type EncodingSender = Pick<RTCRtpSender, 'getParameters' | 'setParameters'>;

/** Rids that are read of one event; a track has no more encodings. */
const RIDS_MAX = 8;

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
 * and uplink for nobody. Changes are made one after another, because a browser refuses parameters
 * that were read before another change.
 */
export class EncodingSwitch {
  private readonly sender: EncodingSender;
  private last: Promise<void> = Promise.resolve();

  constructor(sender: EncodingSender) {
    this.sender = sender;
  }

  /** Resolves when it is done, or the browser has refused. */
  send(rids: string[]): Promise<void> {
    this.last = this.last.then(() => this.apply(rids));
    return this.last;
  }

  private async apply(rids: string[]): Promise<void> {
    const parameters = this.sender.getParameters();
    const { encodings } = parameters;
    // Rids that are none of ours would stop everything.
    if (!encodings.some(({ rid }) => rid !== undefined && rids.includes(rid))) return;
    const isWanted = (rid: string | undefined) => rid === undefined || rids.includes(rid);
    if (encodings.every(({ rid, active }) => active === isWanted(rid))) return;
    parameters.encodings = encodings.map((encoding) => ({
      ...encoding,
      active: isWanted(encoding.rid),
    }));
    // A browser that refuses goes on sending what it sends.
    await this.sender.setParameters(parameters).catch(() => undefined);
  }
}
