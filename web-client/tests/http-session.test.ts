import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSession } from '../src/signaling/http-session.ts';
import { ANSWER, restartAnswer } from './scripted-connection.ts';
import { ScriptedEndpoint } from './scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;

beforeEach(async () => {
  endpoint = await ScriptedEndpoint.start();
});

afterEach(() => endpoint.stop());

async function open(headers: Record<string, string> = {}) {
  endpoint.reply({
    status: 201,
    headers: { Location: 's1', ETag: '"one"', ...headers },
    body: ANSWER,
  });
  return (await openSession({ url: endpoint.url('/whep/demo') }, 'offer')).session;
}

const restartReply = (number: number, when?: Promise<unknown>) => ({
  status: 200,
  headers: { ETag: `"${number}"` },
  body: restartAnswer(number),
  ...(when ? { when } : {}),
});

it('resolves a relative Location against the endpoint', async () => {
  expect((await open()).url).toBe(endpoint.url('/whep/s1'));
});

it('WC-06: ignores the answer to a restart that a newer one has superseded', async () => {
  const session = await open();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  endpoint.reply(restartReply(2, held), restartReply(3), { status: 204 });
  const older = session.restart('older');
  await endpoint.requests(2);
  const newer = await session.restart('newer');
  release();
  expect(newer?.credentials.ufrag).toBe('answer3');
  expect(await older).toBeUndefined();
  await session.trickle('candidates');
  expect(endpoint.seen.at(-1)?.headers['if-match']).toBe('"3"');
});

it('does not mind how candidates are taken that a restart has made void', async () => {
  const session = await open();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  endpoint.reply({ status: 412, when: held }, restartReply(2));
  const trickle = session.trickle('old');
  await endpoint.requests(2);
  await session.restart('new');
  release();
  await expect(trickle).resolves.toBeUndefined();
});

it('sends no If-Match to a server that sent no tag', async () => {
  endpoint.reply({ status: 201, headers: { Location: 's1' }, body: ANSWER }, { status: 204 });
  const { session } = await openSession({ url: endpoint.url('/whep/demo') }, 'offer');
  await session.trickle('candidates');
  expect(endpoint.seen[1]?.headers['if-match']).toBeUndefined();
});

it('calls a 201 without a session URL what it is', async () => {
  endpoint.reply({ status: 201, body: ANSWER });
  const opening = openSession({ url: endpoint.url('/whep/demo') }, 'offer');
  await expect(opening).rejects.toMatchObject({ kind: 'unexpected' });
});

it('calls a restart without credentials what it is', async () => {
  const session = await open();
  endpoint.reply({ status: 200, body: 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n' });
  await expect(session.restart('fragment')).rejects.toMatchObject({ kind: 'unexpected' });
});

it('tells a server that cannot be reached from one that refuses', async () => {
  const url = endpoint.url('/whep/demo');
  await endpoint.stop();
  await expect(openSession({ url }, 'offer')).rejects.toMatchObject({ kind: 'unreachable' });
  endpoint = await ScriptedEndpoint.start();
});

it('reads Retry-After in seconds and as a date', async () => {
  endpoint.reply({ status: 409, headers: { 'Retry-After': '7' } });
  const url = endpoint.url('/whep/demo');
  await expect(openSession({ url }, 'offer')).rejects.toMatchObject({
    status: 409,
    retryAfterMs: 7_000,
  });
  const past = new Date(0).toUTCString();
  endpoint.reply({ status: 503, headers: { 'Retry-After': past } });
  await expect(openSession({ url }, 'offer')).rejects.toMatchObject({
    status: 503,
    retryAfterMs: 0,
  });
});
