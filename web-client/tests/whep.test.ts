import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeeperState, WhepPlayer } from '../src/whep.ts';
import { ANSWER, ScriptedConnection } from './scripted-connection.ts';
import { type Reply, ScriptedEndpoint } from './scripted-endpoint.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const CREATED: Reply = {
  status: 201,
  headers: { Location: '/whep/demo/s1', ETag: '"one"' },
  body: ANSWER,
};

/** A track as a player sees it: muted until its first packet. */
class ScriptedTrack extends EventTarget {
  muted = true;
  readonly kind: string;
  readonly id: string;

  constructor(kind: string, id: string) {
    super();
    this.kind = kind;
    this.id = id;
  }

  unmute(): void {
    this.muted = false;
    this.dispatchEvent(new Event('unmute'));
  }
}

class ScriptedMedia {
  readonly tracks = new Set<ScriptedTrack>();
  addTrack = (track: ScriptedTrack) => this.tracks.add(track);
  removeTrack = (track: ScriptedTrack) => this.tracks.delete(track);
  getTracks = () => [...this.tracks];
  ids = () => this.getTracks().map((track) => track.id);
}

let endpoint: ScriptedEndpoint;
let clock: VirtualClock;
let connections: ScriptedConnection[];
let states: KeeperState[];
let media: ScriptedMedia;

beforeEach(async () => {
  endpoint = await ScriptedEndpoint.start();
  clock = new VirtualClock();
  connections = [];
  states = [];
  media = new ScriptedMedia();
});

afterEach(() => endpoint.stop());

function playerOf(): WhepPlayer {
  return new WhepPlayer({
    url: endpoint.url('/whep/demo'),
    clock,
    media: media as unknown as MediaStream,
    createConnection: (configuration) => {
      const connection = new ScriptedConnection(configuration);
      connections.push(connection);
      return connection.asConnection;
    },
    onState: (state) => states.push(state),
  });
}

async function answered(index: number): Promise<ScriptedConnection> {
  for (;;) {
    const connection = connections[index];
    if (connection && connection.remoteDescriptions.length > 0) {
      await settle();
      return connection;
    }
    await settle();
  }
}

function receive(connection: ScriptedConnection, track: ScriptedTrack): void {
  connection.dispatchEvent(Object.assign(new Event('track'), { track }));
}

describe('a WHEP player', () => {
  it('offers to receive one video and one audio track, of any codec', async () => {
    endpoint.reply(CREATED);
    playerOf().play();
    const connection = await answered(0);
    expect(connection.transceivers).toEqual([
      { track: 'video', init: { direction: 'recvonly' } },
      { track: 'audio', init: { direction: 'recvonly' } },
    ]);
  });

  it('plays once, however often it is told to', async () => {
    endpoint.reply(CREATED);
    const player = playerOf();
    player.play();
    player.play();
    await answered(0);
    await clock.advance(1_000);
    expect(endpoint.seen.map(({ method }) => method)).toEqual(['POST']);
    expect(connections).toHaveLength(1);
  });

  it('WE-13: waits for a stream that is offline as long as it is told, and then starts', async () => {
    endpoint.reply({ status: 409, headers: { 'Retry-After': '3' } }, CREATED);
    playerOf().play();
    await endpoint.requests(1);
    while (states.at(-1)?.name !== 'waiting') await settle();
    await clock.advance(2_999);
    expect(endpoint.seen).toHaveLength(1);
    await clock.advance(1);
    const connection = await answered(1);
    connection.become('connected');
    await settle();
    expect(states.at(-1)).toEqual({ name: 'live' });
  });

  it('waits again when the publisher and its session are gone', async () => {
    endpoint.reply(CREATED, { to: 'DELETE', status: 200 }, { to: 'POST', status: 409 });
    playerOf().play();
    const connection = await answered(0);
    connection.become('connected');
    await settle();
    connection.closeTransport();
    while (states.at(-1)?.name !== 'waiting') await settle();
    expect(endpoint.seen.map(({ method }) => method).sort()).toEqual(['DELETE', 'POST', 'POST']);
  });

  it('keeps the last picture until the new session has a packet', async () => {
    endpoint.reply(CREATED, { to: 'DELETE', status: 200 }, CREATED);
    playerOf().play();
    const first = await answered(0);
    receive(first, new ScriptedTrack('video', 'old'));
    expect(media.ids()).toEqual(['old']);
    first.become('connected');
    await settle();
    first.closeTransport();
    const second = await answered(1);
    const track = new ScriptedTrack('video', 'new');
    receive(second, track);
    expect(media.ids()).toEqual(['old']);
    track.unmute();
    expect(media.ids()).toEqual(['new']);
  });
});
