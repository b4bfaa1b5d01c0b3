import { describe, expect, it } from 'vitest';
import { EncodingSwitch, wantedRids } from '../src/rtc/encoding-switch.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A sender that, like a browser's, refuses parameters that were read before the last change. */
class ScriptedSender {
  rids: { rid?: string; active: boolean; maxBitrate?: number }[];
  changes = 0;
  /** What the browser says that its path carries; undefined where it does not. */
  carriesBps: number | undefined = 3_000_000;
  transport = { state: 'connected' } as RTCDtlsTransport;
  private transaction = 0;

  constructor(...rids: (string | undefined)[]) {
    this.rids = rids.map((rid) => ({
      ...(rid === undefined ? {} : { rid }),
      active: true,
      maxBitrate: 1_000_000,
    }));
  }

  getParameters(): RTCRtpSendParameters {
    const encodings = this.rids.map((encoding) => ({ ...encoding }));
    return { transactionId: `${this.transaction}`, encodings } as RTCRtpSendParameters;
  }

  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    if (parameters.transactionId !== `${this.transaction}`) throw new Error('stale parameters');
    await Promise.resolve();
    this.transaction += 1;
    this.changes += 1;
    this.rids = parameters.encodings.map(({ rid, active, maxBitrate }) => ({
      ...(rid === undefined ? {} : { rid }),
      active: active ?? true,
      ...(maxBitrate === undefined ? {} : { maxBitrate }),
    }));
  }

  async getStats(): Promise<RTCStatsReport> {
    const pair = { type: 'candidate-pair', availableOutgoingBitrate: this.carriesBps };
    return new Map([['pair', pair]]) as unknown as RTCStatsReport;
  }

  get active(): (string | undefined)[] {
    return this.rids.filter(({ active }) => active).map(({ rid }) => rid);
  }
}

describe('the encodings that are sent', () => {
  it('are those that are wanted, and come back when they are wanted again', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const encodings = new EncodingSwitch(sender, new VirtualClock());
    await encodings.send(['q']);
    expect(sender.active).toEqual(['q']);
    await encodings.send(['q', 'h', 'f']);
    expect(sender.active).toEqual(['q', 'h', 'f']);
  });

  it('are changed one after another, and the last word holds', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const encodings = new EncodingSwitch(sender, new VirtualClock());
    await Promise.all([encodings.send(['q']), encodings.send(['q', 'h']), encodings.send(['q', 'f'])]);
    expect(sender.active).toEqual(['q', 'f']);
    expect(sender.changes, 'what is out of date is not done').toBe(1);
  });

  it('are left alone by what names none of them, and by what changes nothing', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const encodings = new EncodingSwitch(sender, new VirtualClock());
    await encodings.send(['x']);
    await encodings.send([]);
    await encodings.send(['f', 'h', 'q', 'x']);
    expect(sender.active).toEqual(['q', 'h', 'f']);
    expect(sender.changes).toBe(0);
  });

  it('go on after a browser has refused', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const setParameters = sender.setParameters.bind(sender);
    sender.setParameters = () => Promise.reject(new Error('not now'));
    const encodings = new EncodingSwitch(sender, new VirtualClock());
    await encodings.send(['q']);
    sender.setParameters = setParameters;
    await encodings.send(['q', 'h']);
    expect(sender.active).toEqual(['q', 'h']);
  });
});

describe('encodings that nobody wants', () => {
  it('rest only while the path is known to carry them all', async () => {
    for (const [carriesBps, active] of [
      [2_250_000, ['q']],
      [2_249_999, ['q', 'h', 'f']],
      [undefined, ['q', 'h', 'f']],
    ] as const) {
      const sender = new ScriptedSender('q', 'h', 'f');
      sender.carriesBps = carriesBps;
      await new EncodingSwitch(sender, new VirtualClock()).send(['q']);
      expect(sender.active, `${carriesBps} bit/s`).toEqual(active);
    }
  });

  it('rest later when the path carries more, and wake when it carries less', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const clock = new VirtualClock();
    sender.carriesBps = 300_000;
    await new EncodingSwitch(sender, clock).send(['q']);
    sender.carriesBps = 3_000_000;
    await clock.advance(2_000);
    expect(sender.active).toEqual(['q']);
    sender.carriesBps = 300_000;
    await clock.advance(2_000);
    expect(sender.active).toEqual(['q', 'h', 'f']);
  });

  it('do not rest where one of them has no limit', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    for (const encoding of sender.rids) delete encoding.maxBitrate;
    await new EncodingSwitch(sender, new VirtualClock()).send(['q']);
    expect(sender.active).toEqual(['q', 'h', 'f']);
  });

  it('are not looked after once the session has ended', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const clock = new VirtualClock();
    await new EncodingSwitch(sender, clock).send(['q']);
    sender.transport = { state: 'closed' } as RTCDtlsTransport;
    sender.carriesBps = 300_000;
    await clock.advance(60_000);
    expect(sender.changes).toBe(1);
  });
});

describe('the data of the event', () => {
  it('is the list of one m-line, and anything else says nothing', () => {
    expect(wantedRids({ 0: ['q', 'h'] })).toEqual(['q', 'h']);
    expect(wantedRids({ 0: ['q', 7, null] })).toEqual(['q']);
    for (const strange of [undefined, null, 7, 'q', [], ['q'], {}, { 0: 'q' }, { 0: [] }, { 0: [1] }]) {
      expect(wantedRids(strange)).toBeUndefined();
    }
  });
});
