import { type KeeperState, WhepPlayer } from '../whep.ts';
import { streamName, takeSecret } from './address.ts';
import { exposeDiagnostics } from './diagnostics.ts';
import { element } from './element.ts';
import { viewers } from './figures.ts';
import { Controls } from './watch/controls.ts';
import { Quality } from './watch/quality.ts';
import { Sound } from './watch/sound.ts';
import { StatsPanel } from './watch/stats-panel.ts';
import { Veil, type WatchState } from './watch/veil.ts';

const stream = streamName();
const video = element('video', HTMLVideoElement);
const sound = new Sound(video);
const veil = new Veil(retry);
const stats = new StatsPanel(() => player.connection, video);
const quality = new Quality((selection) => {
  // A layer that is gone by now is gone from the menu with the next event.
  void player.selectLayer(selection).catch(() => undefined);
});
const audience = element('viewers', HTMLElement);
const controls = new Controls(video, () => stats.flip());

document.title = `${stream} · Freshet`;
element('title', HTMLElement).textContent = stream;

let pageState: WatchState = 'connecting';
/** Undefined until it is known whether media arrives in this session. */
let isFlowing: boolean | undefined;
let player = startPlayer();

exposeDiagnostics(
  () => pageState,
  () => player.connection,
  video,
);

function startPlayer(): WhepPlayer {
  const starting = new WhepPlayer({
    url: `/whep/${stream}`,
    token: takeSecret('token', stream),
    onState: (state) => show(state),
    onFlow: (flowing) => {
      isFlowing = flowing;
      show(starting.state);
    },
    onLayers: (layers) => quality.show(layers),
    onViewers: (count) => {
      audience.hidden = count === undefined;
      audience.textContent = viewers(count ?? 0);
    },
  });
  starting.play();
  return starting;
}

function show(state: KeeperState): void {
  if (state.name === 'idle') return;
  if (state.name !== 'live') isFlowing = undefined;
  // Not before: a video that waits for its first data holds up the `load` event of the page.
  else if (video.srcObject !== player.media) video.srcObject = player.media;
  const next = stateOf(state.name);
  if (next === 'live' && pageState !== 'live' && !controls.isHeld) void sound.start();
  // Whoever does not answer says nothing of who watches either.
  if (next === 'recovering' || next === 'failed') audience.hidden = true;
  pageState = next;
  veil.show(next, state);
}

function stateOf(name: Exclude<KeeperState['name'], 'idle'>): WatchState {
  if (name !== 'live' || isFlowing) return name;
  // A session that has just been made, or made again, has its first packet yet to come.
  if (isFlowing === undefined) return pageState === 'recovering' ? 'recovering' : 'connecting';
  return 'stalled';
}

function retry(): void {
  if (player.state.name === 'failed') player = startPlayer();
  else player.hurry();
}

addEventListener('online', () => player.hurry());
addEventListener('pagehide', () => player.close());
addEventListener('pageshow', (event) => {
  // Back from the browser's page cache, where the session has ended.
  if (event.persisted) location.reload();
});
