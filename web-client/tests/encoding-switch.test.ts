import { describe, expect, it } from 'vitest';
import { EncodingSwitch, wantedRids } from '../src/rtc/encoding-switch.ts';

/** A sender that, like a browser's, refuses parameters that were read before the last change. */
class ScriptedSender {
  rids: { rid?: string; active: boolean }[];
  changes = 0;
  private transaction = 0;

  constructor(...rids: (string | undefined)[]) {
    this.rids = rids.map((rid) => ({ ...(rid === undefined ? {} : { rid }), active: true }));
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
    this.rids = parameters.encodings.map(({ rid, active }) => ({
      ...(rid === undefined ? {} : { rid }),
      active: active ?? true,
    }));
  }

  get active(): (string | undefined)[] {
    return this.rids.filter(({ active }) => active).map(({ rid }) => rid);
  }
}

describe('the encodings that are sent', () => {
  it('are those that are wanted, and come back when they are wanted again', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const encodings = new EncodingSwitch(sender);
    await encodings.send(['q']);
    expect(sender.active).toEqual(['q']);
    await encodings.send(['q', 'h', 'f']);
    expect(sender.active).toEqual(['q', 'h', 'f']);
  });

  it('are changed one after another, and the last word holds', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const encodings = new EncodingSwitch(sender);
    await Promise.all([encodings.send(['q']), encodings.send(['q', 'h']), encodings.send(['q', 'f'])]);
    expect(sender.active).toEqual(['q', 'f']);
    expect(sender.changes).toBe(3);
  });

  it('are left alone by what names none of them, and by what changes nothing', async () => {
    const sender = new ScriptedSender('q', 'h', 'f');
    const encodings = new EncodingSwitch(sender);
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
    const encodings = new EncodingSwitch(sender);
    await encodings.send(['q']);
    sender.setParameters = setParameters;
    await encodings.send(['q', 'h']);
    expect(sender.active).toEqual(['q', 'h']);
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
