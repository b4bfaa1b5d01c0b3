import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VideoLayer } from '../src/signaling/layers.ts';
import { WhepPlayer } from '../src/whep.ts';
import { ANSWER, ScriptedConnection } from './scripted-connection.ts';
import { type Reply, ScriptedEndpoint } from './scripted-endpoint.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const EXTENSIONS =
  '</whep/demo/s1/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; ' +
  'events="active,inactive,layers,reconnect,viewercount", ' +
  '</whep/demo/s1/layer>; rel="urn:ietf:params:whep:ext:core:layer"';

const CREATED: Reply = {
  to: 'POST',
  status: 201,
  headers: { Location: '/whep/demo/s1', Link: EXTENSIONS },
  body: ANSWER,
};

const STREAM_MADE: Reply = {
  to: 'POST',
  status: 201,
  headers: { Location: '/whep/demo/s1/sse/1' },
};

const LAYERS = 'event: layers\ndata: {"1":[{"rid":"q","bitrate":1,"current":true}]}\n\n';

function events(body: string): Reply {
  return { to: 'GET', status: 200, headers: { 'Content-Type': 'text/event-stream' }, body };
}

let endpoint: ScriptedEndpoint;
let clock: VirtualClock;
let player: WhepPlayer;
let connections: ScriptedConnection[];
let layers: VideoLayer[][];
let viewers: (number | undefined)[];

beforeEach(async () => {
  endpoint = await ScriptedEndpoint.start();
  clock = new VirtualClock();
  connections = [];
  layers = [];
  viewers = [];
});

afterEach(async () => {
  player.close();
  await endpoint.stop();
});

function play(): void {
  player = new WhepPlayer({
    url: endpoint.url('/whep/demo'),
    token: 'secret',
    clock,
    media: { getTracks: () => [] } as unknown as MediaStream,
    createConnection: (configuration) => {
      const connection = new ScriptedConnection(configuration);
      connections.push(connection);
      return connection.asConnection;
    },
    onLayers: (told) => layers.push(told),
    onViewers: (count) => viewers.push(count),
  });
  player.play();
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle();
}

function requests(method: string, path: string) {
  return endpoint.seen.filter((seen) => seen.method === method && seen.path === path);
}

describe('the extensions of WHEP', () => {
  it('are asked for what the player uses and the server has, and told on', async () => {
    const text = `${LAYERS}event: viewercount\ndata: {"viewercount":3}\n\n`;
    const strange = 'event: future\ndata: {"x":1}\n\nevent: layers\ndata: no JSON\n\n';
    endpoint.reply(CREATED, STREAM_MADE, events(strange + text));
    play();
    await until(() => viewers.length > 0);
    expect(viewers).toEqual([3]);
    expect(layers.map((told) => told.map(({ rid }) => rid))).toEqual([['q']]);
    const made = requests('POST', '/whep/demo/s1/sse')[0];
    expect(JSON.parse(made?.body ?? '')).toEqual(['layers', 'viewercount', 'reconnect']);
    expect(made?.headers.authorization).toBe('Bearer secret');
  });

  it('are left alone where the server has none', async () => {
    endpoint.reply({ ...CREATED, headers: { Location: '/whep/demo/s1' } });
    play();
    await until(() => (connections[0]?.remoteDescriptions.length ?? 0) > 0);
    await clock.advance(60_000);
    expect(endpoint.seen.filter(({ path }) => path.includes('sse'))).toEqual([]);
  });

  it('break and are pulled again, until the server says that they are gone', async () => {
    endpoint.reply(CREATED, STREAM_MADE, events(LAYERS), { to: 'GET', status: 503 }, events(LAYERS));
    endpoint.reply({ to: 'GET', status: 404 });
    play();
    const pulls = () => requests('GET', '/whep/demo/s1/sse/1').length;
    await until(() => layers.length > 0);
    connections[0]?.become('connected');
    // Time stands still while answers are on their way, and moves in steps that no wait is shorter than.
    while (pulls() < 4) await clock.advance(500);
    expect(endpoint.seen.at(-1)?.path).toBe('/whep/demo/s1/sse/1');
    await clock.advance(120_000);
    expect(pulls()).toBe(4);
  });

  it('let a person select a layer, and the next session is told of it (LY-02)', async () => {
    const selected: Reply = { to: 'POST', status: 200 };
    endpoint.reply(CREATED, STREAM_MADE, events(LAYERS), selected, { to: 'DELETE', status: 200 });
    play();
    await until(() => layers.length > 0);
    connections[0]?.become('connected');
    await player.selectLayer({ rid: 'q' });
    const posts = () => requests('POST', '/whep/demo/s1/layer');
    expect(posts().map(({ body }) => body)).toEqual(['{"rid":"q"}']);
    endpoint.reply(CREATED, STREAM_MADE, events(LAYERS), selected);
    connections[0]?.closeTransport();
    await until(() => posts().length === 2);
    expect(posts()[1]?.body).toBe('{"rid":"q"}');
    expect(layers).toContainEqual([]);
  });

  it('refuse a layer that is not there, and say so', async () => {
    endpoint.reply(CREATED, STREAM_MADE, events(LAYERS), { to: 'POST', status: 404 });
    play();
    await until(() => layers.length > 0);
    await expect(player.selectLayer({ rid: 'x' })).rejects.toMatchObject({ status: 404 });
  });

  it('make the player come again when the server asks, here or elsewhere (SE-11)', async () => {
    const elsewhere = endpoint.url('/whep/backup');
    const moved = `event: reconnect\ndata: {"url":"${elsewhere}"}\n\n`;
    endpoint.reply(CREATED, STREAM_MADE, events('event: reconnect\ndata: {}\n\n'));
    endpoint.reply({ to: 'DELETE', status: 200 }, CREATED, STREAM_MADE, events(moved));
    endpoint.reply({ to: 'DELETE', status: 200 }, CREATED);
    play();
    await until(() => requests('POST', '/whep/demo').length === 2);
    await until(() => requests('DELETE', '/whep/demo/s1').length === 2);
    await until(() => requests('POST', '/whep/backup').length === 1);
  });
});
