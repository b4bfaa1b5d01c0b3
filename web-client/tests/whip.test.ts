import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeeperState, type WhipOptions, WhipPublisher } from '../src/whip.ts';
import { ANSWER, restartAnswer, ScriptedConnection } from './scripted-connection.ts';
import { type Reply, ScriptedEndpoint } from './scripted-endpoint.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const CREATED: Reply = {
  status: 201,
  headers: { 'Content-Type': 'application/sdp', Location: '/whip/demo/s1', ETag: '"one"' },
  body: ANSWER,
};

function restarted(number: number): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', ETag: `"${number}"` },
    body: restartAnswer(number),
  };
}

/** As much of a MediaStream as publishing needs. */
function mediaOf(...kinds: string[]): MediaStream {
  const tracks = kinds.map((kind) => ({ kind }));
  return {
    getVideoTracks: () => tracks.filter((track) => track.kind === 'video'),
    getAudioTracks: () => tracks.filter((track) => track.kind === 'audio'),
  } as unknown as MediaStream;
}

let endpoint: ScriptedEndpoint;
let clock: VirtualClock;
let connections: ScriptedConnection[];
let states: KeeperState[];
let waiters: { name: string; resolve: () => void }[];

beforeEach(async () => {
  endpoint = await ScriptedEndpoint.start();
  clock = new VirtualClock();
  connections = [];
  states = [];
  waiters = [];
});

afterEach(() => endpoint.stop());

function publisherOf(options: Partial<WhipOptions> = {}) {
  return new WhipPublisher({
    url: endpoint.url('/whip/demo'),
    ...options,
    clock,
    createConnection: (configuration) => {
      const connection = new ScriptedConnection(configuration);
      connections.push(connection);
      return connection.asConnection;
    },
    onState: (state) => {
      states.push(state);
      for (const waiter of waiters) if (waiter.name === state.name) waiter.resolve();
    },
  });
}

function reached(name: KeeperState['name']): Promise<void> {
  return new Promise((resolve) => waiters.push({ name, resolve }));
}

/** Publishes, and connects when the answer is here. */
async function goLive(publisher: WhipPublisher): Promise<ScriptedConnection> {
  const live = reached('live');
  publisher.publish({ media: mediaOf('video', 'audio') });
  const connection = await answered(0);
  connection.become('connected');
  await live;
  return connection;
}

/** Resolves when the n-th connection has its answer, which has come over a real socket. */
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

/** Resolves when a connection has applied so many answers. */
async function applied(connection: ScriptedConnection, count: number): Promise<void> {
  while (connection.remoteDescriptions.length < count) await settle();
  await settle();
}

describe('a WHIP publisher', () => {
  it('WC-02: posts an offer as application/sdp, sending only', async () => {
    endpoint.reply(CREATED);
    const connection = await goLive(publisherOf());
    const [post] = endpoint.seen;
    expect(post).toMatchObject({ method: 'POST', path: '/whip/demo' });
    expect(post?.headers['content-type']).toBe('application/sdp');
    expect(connection.transceivers.map(({ init }) => init?.direction)).toEqual([
      'sendonly',
      'sendonly',
    ]);
  });

  it('WC-03, WC-05: ends its session with DELETE and no tag', async () => {
    endpoint.reply(CREATED, { status: 200 });
    const publisher = publisherOf();
    const connection = await goLive(publisher);
    publisher.close();
    const [, del] = await endpoint.requests(2);
    expect(del).toMatchObject({ method: 'DELETE', path: '/whip/demo/s1' });
    expect(del?.headers['if-match']).toBeUndefined();
    expect(connection.isClosed).toBe(true);
  });

  it('WC-04, WC-05: sends its candidates in one PATCH with the tag of the 201', async () => {
    endpoint.reply(CREATED, { status: 204 });
    const connection = await goLive(publisherOf());
    connection.candidate('candidate:1 1 udp 1 192.0.2.9 1000 typ host');
    connection.candidate('candidate:2 1 udp 1 192.0.2.9 1001 typ host');
    connection.gathered();
    const [, patch] = await endpoint.requests(2);
    expect(patch).toMatchObject({ method: 'PATCH', path: '/whip/demo/s1' });
    expect(patch?.headers['content-type']).toBe('application/trickle-ice-sdpfrag');
    expect(patch?.headers['if-match']).toBe('"one"');
    expect(patch?.body.match(/^a=candidate:/gm)).toHaveLength(2);
    expect(patch?.body).toContain('a=ice-ufrag:offer1\r\n');
    expect(patch?.body).toContain('a=mid:0\r\n');
    expect(patch?.body).toContain('a=end-of-candidates\r\n');
  });

  it('sends those of its encodings that the server says are wanted', async () => {
    const link =
      '</whip/demo/s1/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="wanted"';
    const made: Reply = { status: 201, headers: { Location: '/whip/demo/s1/sse/1' } };
    const body = 'event: wanted\ndata: {"1":["q"]}\n\n';
    const told: Reply = { status: 200, headers: { 'Content-Type': 'text/event-stream' }, body };
    endpoint.reply({ ...CREATED, headers: { ...CREATED.headers, Link: link } }, made, told);
    const publisher = publisherOf({ token: 'key' });
    const encodings = ['q', 'h', 'f'].map((rid) => ({ rid, maxBitrate: 500_000 }));
    publisher.publish({ media: mediaOf('audio', 'video'), encodings });
    const connection = await answered(0);
    const video = connection.transceivers.findIndex(({ track }) => (track as { kind: string }).kind === 'video');
    const active = () => connection.encodings.get(video)?.map((encoding) => encoding.active);
    while (active()?.every(Boolean)) await settle();
    expect(active()).toEqual([true, false, false]);
    expect(JSON.parse(endpoint.seen[1]?.body ?? '')).toEqual(['wanted']);
    expect(endpoint.seen[1]?.headers.authorization).toBe('Bearer key');
    publisher.close();
  });

  it('is told what is wrong with one encoding too, of each session anew', async () => {
    const link =
      '</whip/demo/s1/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="wanted,warnings"';
    const made: Reply = { status: 201, headers: { Location: '/whip/demo/s1/sse/1' } };
    const body =
      'event: warnings\ndata: {"warnings":["few-pictures",7]}\n\nevent: warnings\ndata: {"warnings":[]}\n\n';
    const told: Reply = { status: 200, headers: { 'Content-Type': 'text/event-stream' }, body };
    endpoint.reply({ ...CREATED, headers: { ...CREATED.headers, Link: link } }, made, told);
    const seen: string[][] = [];
    const publisher = publisherOf({ onWarnings: (warnings) => seen.push(warnings) });
    publisher.publish({ media: mediaOf('video') });
    await answered(0);
    while (seen.length < 3) await settle();
    expect(seen).toEqual([[], ['few-pictures'], []]);
    expect(JSON.parse(endpoint.seen[1]?.body ?? '')).toEqual(['warnings']);
    publisher.close();
  });

  it('with one encoding asks for no events', async () => {
    const link =
      '</whip/demo/s1/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="wanted"';
    endpoint.reply({ ...CREATED, headers: { ...CREATED.headers, Link: link } });
    await goLive(publisherOf());
    await clock.advance(60_000);
    expect(endpoint.seen.filter(({ path }) => path.includes('sse'))).toEqual([]);
  });

  it('WC-04: gathers only when the 201 is here', async () => {
    let release = () => {};
    endpoint.reply({ ...CREATED, when: new Promise<void>((resolve) => (release = resolve)) });
    publisherOf().publish({ media: mediaOf('video') });
    await endpoint.requests(1);
    expect(connections[0]?.localDescriptions).toEqual([]);
    release();
    const connection = await answered(0);
    expect(connection.localDescriptions).toHaveLength(1);
  });

  it('WC-05, WC-06: restarts ICE with If-Match * and applies what the server answers', async () => {
    endpoint.reply(CREATED, restarted(2), { status: 204 });
    const connection = await goLive(publisherOf());
    connection.become('disconnected');
    await clock.advance(600);
    const [, patch] = await endpoint.requests(2);
    expect(patch?.headers['if-match']).toBe('*');
    expect(patch?.body).toContain('a=ice-ufrag:offer2\r\n');
    await applied(connection, 2);
    const answer = connection.remoteDescriptions[1] ?? '';
    expect(answer).toContain('a=ice-ufrag:answer2');
    expect(answer).toContain('a=candidate:2 ');
    expect(answer).not.toContain('answer1');
    expect(answer).not.toContain('a=candidate:1 ');
    expect(answer).toContain('a=ice-lite');

    connection.candidate('candidate:9 1 udp 1 192.0.2.9 1002 typ host');
    connection.gathered();
    const [, , trickle] = await endpoint.requests(3);
    expect(trickle?.headers['if-match']).toBe('"2"');
    expect(trickle?.body).toContain('a=ice-ufrag:offer2\r\n');
  });

  it('WC-06: drops candidates of the ICE session that a restart ends', async () => {
    endpoint.reply(CREATED, restarted(2), { status: 204 });
    const connection = await goLive(publisherOf());
    connection.become('failed');
    await clock.advance(490);
    connection.candidate('candidate:old 1 udp 1 192.0.2.9 1000 typ host');
    await clock.advance(20);
    await applied(connection, 2);
    connection.gathered();
    const [, , trickle] = await endpoint.requests(3);
    expect(trickle?.body).not.toContain('candidate:old');
  });

  it('WC-06: restarts when the server says that the ICE session is another one', async () => {
    endpoint.reply(CREATED, { status: 412 }, restarted(2));
    const connection = await goLive(publisherOf());
    const recovering = reached('recovering');
    connection.become('connecting');
    connection.candidate('candidate:1 1 udp 1 192.0.2.9 1000 typ host');
    connection.gathered();
    await endpoint.requests(2);
    // The answer to the PATCH comes over a real socket; the wait to heal begins with it.
    while (endpoint.seen.length < 3) await clock.advance(100);
    await recovering;
    expect(endpoint.seen[2]?.headers['if-match']).toBe('*');
    await applied(connection, 2);
  });

  it('WC-06: a refused restart changes nothing, and a new session takes over', async () => {
    endpoint.reply(CREATED, { status: 422 }, { to: 'DELETE', status: 200 }, CREATED);
    const connection = await goLive(publisherOf());
    connection.become('disconnected');
    await clock.advance(600);
    const seen = await endpoint.requests(4);
    expect(connection.localDescriptions).toHaveLength(1);
    const rest = seen.slice(2).map(({ method, path }) => `${method} ${path}`);
    expect(rest.sort()).toEqual(['DELETE /whip/demo/s1', 'POST /whip/demo?takeover=1']);
  });

  it('WC-07: asks for max-bundle and rtcp-mux, and says rtcp-mux-only in every m-section', async () => {
    endpoint.reply(CREATED);
    const connection = await goLive(publisherOf());
    expect(connection.configuration).toMatchObject({
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
    });
    expect(endpoint.seen[0]?.body.match(/^a=rtcp-mux-only\r$/gm)).toHaveLength(2);
  });

  it('WC-07: sends at most one track per kind, all in one MediaStream', async () => {
    endpoint.reply(CREATED);
    const media = mediaOf('video', 'video', 'audio', 'audio');
    publisherOf().publish({ media });
    const connection = await answered(0);
    expect(connection.transceivers).toHaveLength(2);
    for (const { init } of connection.transceivers) expect(init?.streams).toEqual([media]);
  });

  it.each([307, 308])('WC-10: follows a %i with method and body', async (status) => {
    endpoint.reply({ status, headers: { Location: '/elsewhere/whip' } }, CREATED, { status: 204 });
    const connection = await goLive(publisherOf({ token: 'key-1' }));
    expect(endpoint.seen[1]).toMatchObject({ method: 'POST', path: '/elsewhere/whip' });
    expect(endpoint.seen[1]?.body).toBe(endpoint.seen[0]?.body);
    connection.gathered();
    const [, , patch] = await endpoint.requests(3);
    expect(patch?.headers.authorization).toBe('Bearer key-1');
  });

  it('WC-10: brings its token along to the host that it was sent to', async () => {
    const other = await ScriptedEndpoint.start();
    try {
      endpoint.reply({ status: 307, headers: { Location: other.url('/whip/demo') } });
      endpoint.reply({ status: 307, headers: { Location: other.url('/whip/demo') } });
      other.reply({ status: 401 }, CREATED);
      await goLive(publisherOf({ token: 'key-1' }));
      expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([
        undefined,
        'Bearer key-1',
      ]);
    } finally {
      await other.stop();
    }
  });

  it('WC-11: uses the ICE servers of the Link headers', async () => {
    const Link =
      '<stun:stun.example>; rel="ice-server", <turn:turn.example?transport=udp>; rel="ice-server"; username="u"; credential="p"; credential-type="password"';
    endpoint.reply({ ...CREATED, headers: { ...CREATED.headers, Link } });
    const connection = await goLive(publisherOf());
    expect(connection.configurations[0]?.iceServers).toEqual([
      { urls: 'stun:stun.example' },
      { urls: 'turn:turn.example?transport=udp', username: 'u', credential: 'p' },
    ]);
  });

  it('WC-11: leaves linked ICE servers alone when it is told to', async () => {
    const Link = '<stun:stun.example>; rel="ice-server"';
    endpoint.reply({ ...CREATED, headers: { ...CREATED.headers, Link } });
    const connection = await goLive(publisherOf({ acceptsLinkedIceServers: false }));
    expect(connection.configurations).toEqual([]);
  });

  it('WC-12: sends its token with every request', async () => {
    endpoint.reply(CREATED, { status: 204 }, { status: 200 });
    const publisher = publisherOf({ token: 'key-1' });
    const connection = await goLive(publisher);
    connection.gathered();
    await endpoint.requests(2);
    publisher.close();
    const seen = await endpoint.requests(3);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer key-1'));
  });

  it('WC-12: never sends the header without a token', async () => {
    endpoint.reply(CREATED, { status: 200 });
    const publisher = publisherOf();
    await goLive(publisher);
    publisher.close();
    const seen = await endpoint.requests(2);
    for (const { headers } of seen) expect(headers.authorization).toBeUndefined();
  });

  it('WC-13: ignores relations that it does not know', async () => {
    const Link =
      '</s/1/sse>; rel="urn:ietf:params:whip:ext:core:server-sent-events"; events="layers", <x>; rel=next';
    endpoint.reply({ ...CREATED, headers: { ...CREATED.headers, Link } });
    const connection = await goLive(publisherOf());
    expect(connection.configurations).toEqual([]);
  });

  it('WC-01: tells what the server said to do, whatever the code', async () => {
    const failed = reached('failed');
    endpoint.reply({
      status: 499,
      headers: { 'Content-Type': 'application/problem+json' },
      body: JSON.stringify({ title: 'No', detail: 'Send video too.' }),
    });
    publisherOf().publish({ media: mediaOf('audio') });
    await failed;
    const state = states.at(-1);
    expect(state?.name === 'failed' && state.error).toMatchObject({
      kind: 'refused',
      status: 499,
      detail: 'Send video too.',
    });
  });

  it('does not take a 200 for a session', async () => {
    const failed = reached('failed');
    endpoint.reply({ status: 200, body: ANSWER });
    publisherOf().publish({ media: mediaOf('video') });
    await failed;
    expect(connections[0]?.isClosed).toBe(true);
  });

  it('asks to take over when it is told to', async () => {
    endpoint.reply(CREATED);
    publisherOf().publish({ media: mediaOf('video') }, true);
    const [post] = await endpoint.requests(1);
    expect(post?.path).toBe('/whip/demo?takeover=1');
    await answered(0);
  });

  it('replaces tracks in their places, and says when one has no place', async () => {
    endpoint.reply(CREATED);
    const publisher = publisherOf();
    publisher.publish({ media: mediaOf('video') });
    const connection = await answered(0);
    const silent = mediaOf('video');
    expect(await publisher.replaceMedia(silent)).toBe(true);
    expect(connection.replacements.get(0)).toBe(silent.getVideoTracks()[0]);
    expect(await publisher.replaceMedia(mediaOf('video', 'audio'))).toBe(false);
    expect(await publisher.replaceMedia(mediaOf('audio'))).toBe(false);
    expect(connection.replacements.get(0)).toBe(null);
  });

  it('notices at once when the server closes DTLS, and does not take over', async () => {
    endpoint.reply(CREATED, { to: 'DELETE', status: 200 }, { to: 'POST', status: 409 });
    const failed = reached('failed');
    const connection = await goLive(publisherOf());
    connection.closeTransport();
    await failed;
    const posts = endpoint.seen.filter(({ method }) => method === 'POST');
    expect(posts.map(({ path }) => path)).toEqual(['/whip/demo', '/whip/demo']);
  });
});
