import { describe, expect, it } from 'vitest';
import {
  askForHeaderExtensions,
  CAPTURE_TIME,
  DEPENDENCY_DESCRIPTOR,
  type HeaderExtension,
} from '../src/rtc/header-extensions.ts';
import { captureDelayMs } from '../src/stats/capture.ts';

const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** A transceiver with the header extensions that a browser would negotiate. */
function transceiver(direction: RTCRtpTransceiverDirection, extensions: HeaderExtension[]) {
  const set: HeaderExtension[][] = [];
  return {
    set,
    direction,
    getHeaderExtensionsToNegotiate: () => extensions,
    setHeaderExtensionsToNegotiate: (wanted: HeaderExtension[]) => {
      set.push(wanted);
    },
  };
}

describe('header extensions', () => {
  const offered: HeaderExtension[] = [
    { uri: MID, direction: 'sendrecv' },
    { uri: CAPTURE_TIME, direction: 'stopped' },
    { uri: DEPENDENCY_DESCRIPTOR, direction: 'stopped' },
  ];

  it('are asked for where the browser has them, and nothing else changes', () => {
    const player = transceiver('recvonly', offered);
    askForHeaderExtensions(player);
    expect(player.set).toEqual([offered.map(({ uri }) => ({ uri, direction: 'sendrecv' }))]);
  });

  it('leave it to who sends to describe its layers', () => {
    const publisher = transceiver('sendonly', offered);
    askForHeaderExtensions(publisher);
    const directions = publisher.set[0]?.map(({ direction }) => direction);
    expect(directions).toEqual(['sendrecv', 'sendrecv', 'stopped']);
  });

  it('are not asked of a browser that has not got them, or no control over them', () => {
    const without = transceiver('recvonly', [{ uri: MID, direction: 'sendrecv' }]);
    askForHeaderExtensions(without);
    expect(without.set).toEqual([]);
    expect(() => askForHeaderExtensions({})).not.toThrow();
  });
});

/** 1970 in milliseconds since 1900. */
const UNIX_EPOCH = 2_208_988_800_000;
const NOW = 1_790_000_000_000;

/** A report that left the server 20 ms ago, by a clock that is 5 s behind ours; the round trip is 40 ms. */
const REPORT = [
  { id: 'a', type: 'remote-outbound-rtp', timestamp: NOW, remoteTimestamp: NOW - 20 - 5_000 },
  { id: 'b', type: 'remote-outbound-rtp', timestamp: NOW, remoteTimestamp: NOW - 90 - 5_000 },
  { id: 't', type: 'transport', timestamp: NOW, selectedCandidatePairId: 'p' },
  { id: 'p', type: 'candidate-pair', timestamp: NOW, currentRoundTripTime: 0.04 },
];

/** A frame that was delivered now, and captured `ageMs` ago by a clock that is an hour ahead of the server's. */
function source(ageMs: number) {
  const offsetMs = 3_600_000;
  return {
    timestamp: NOW,
    captureTimestamp: NOW - ageMs - 5_000 + offsetMs + UNIX_EPOCH,
    senderCaptureTimeOffset: offsetMs,
  };
}

describe('the delay from capture', () => {
  it('is right whatever the three clocks say', () => {
    expect(captureDelayMs(source(180), REPORT)).toBe(180);
  });

  it('is not known without a capture time, an offset, or a report of the server', () => {
    const { captureTimestamp: _1, ...uncaptured } = source(180);
    const { senderCaptureTimeOffset: _2, ...unsynchronized } = source(180);
    expect(captureDelayMs(undefined, REPORT)).toBeUndefined();
    expect(captureDelayMs(uncaptured, REPORT)).toBeUndefined();
    expect(captureDelayMs(unsynchronized, REPORT)).toBeUndefined();
    expect(captureDelayMs(source(180), [])).toBeUndefined();
  });

  it('is nothing where the clocks are a little off, and unknown where they are far off', () => {
    expect(captureDelayMs(source(-10), REPORT)).toBe(0);
    expect(captureDelayMs(source(-60), REPORT)).toBeUndefined();
    expect(captureDelayMs(source(86_400_000), REPORT)).toBeUndefined();
  });
});
