import { HlsSite } from '../hls/site.ts';
import { streamName, takeSecret } from './address.ts';
import { exposeDiagnostics } from './diagnostics.ts';
import { element } from './element.ts';
import { viewers } from './figures.ts';
import { type Aims, HLS, type Way, WHEP } from './watch/changeover.ts';
import { Controls } from './watch/controls.ts';
import { Interactive } from './watch/interactive.ts';
import { Offered } from './watch/offered.ts';
import type { Standing } from './watch/player.ts';
import { Quality } from './watch/quality.ts';
import { Screen } from './watch/screen.ts';
import { SeekBar } from './watch/seek-bar.ts';
import { Sound } from './watch/sound.ts';
import { StatsPanel } from './watch/stats-panel.ts';
import { Veil } from './watch/veil.ts';
import { Watching } from './watch/watching.ts';
import { keepWay, wishedWay } from './watch/way.ts';
import { WayMenu } from './watch/way-menu.ts';

/** Who pauses for longer goes on where they stopped, as far behind; for less, the player makes good. */
const PAUSE_S_MAX = 10;

const stream = streamName();
let wish = wishedWay(stream);
const site = new HlsSite(stream, takeSecret('token', stream));
const screen = new Screen();
const sound = new Sound(screen);
const veil = new Veil(() => watching.hurry());
const stats = new StatsPanel(() => watching.player);
const quality = new Quality((selection) => watching.select(selection));
const audience = element('viewers', HTMLElement);
const controls = new Controls(screen, () => stats.flip(), resume);
const offered = new Offered(site, onOffer);
const wayMenu = new WayMenu((way) => {
  wish = way;
  keepWay(stream, way);
  goLive();
});
const seekBar = new SeekBar(place, { onSeek: (dateMs) => watching.seekTo(dateMs), onLive: goLive });

document.title = `${stream} · Freshet`;
element('title', HTMLElement).textContent = stream;

let standing: Standing = { name: 'connecting' };
const watching = new Watching(`/whep/${stream}`, site, screen, wish === 'hls' ? HLS : WHEP, {
  onStanding: show,
  onLayers: (layers) => quality.show(layers),
  onViewers: (count) => {
    audience.hidden = count === undefined;
    audience.textContent = viewers(count ?? 0);
  },
  onAims: showAims,
  onChange: () => controls.letGo(),
});

exposeDiagnostics(
  () => standing.name,
  () => (watching.player instanceof Interactive ? watching.player.connection : undefined),
  () => screen.video,
  () => watching.target.way,
);

showAims(watching.aims);

function show(next: Standing): void {
  if (next.name === 'live' && standing.name !== 'live') {
    if (!controls.isHeld) void sound.start();
    offered.look();
  }
  standing = next;
  veil.show(next, watching.target.fromMs !== undefined);
}

function showAims(aims: Aims): void {
  wayMenu.show(aims, offered.isOffered || aims.shown.way === 'hls', watching.isKeptFromWhep);
  seekBar.show();
}

/** The stream can be played by HLS, or no longer. */
function onOffer(isOffered: boolean): void {
  // Who wanted it before there was any is given it.
  if (isOffered && wish === 'hls' && watching.target.way === 'whep') watching.ask(HLS);
  showAims(watching.aims);
}

function goLive(): void {
  watching.ask(wayToLive() === 'hls' ? HLS : WHEP);
}

function wayToLive(): Way {
  return wish ?? (watching.isKeptFromWhep ? 'hls' : 'whep');
}

function resume(): void {
  const { player } = watching;
  const [nowMs, atMs] = [site.serverMs(Date.now()), player.shownAtMs()];
  const isLive = watching.target.fromMs === undefined;
  if (player.way === 'whep' || !isLive || atMs === undefined) return;
  if (nowMs - atMs > PAUSE_S_MAX * 1_000) watching.seekTo(atMs);
}

function place() {
  const { oldestMs } = offered;
  if (oldestMs === undefined) return undefined;
  const isLive = watching.target.fromMs === undefined;
  return { nowMs: site.serverMs(Date.now()), oldestMs, atMs: watching.player.shownAtMs(), isLive };
}

addEventListener('online', () => {
  watching.hurry();
  // What the network kept from them, it may carry now.
  if (wish !== 'hls' && watching.isKeptFromWhep) watching.ask(WHEP);
});
addEventListener('pagehide', () => watching.close());
addEventListener('pageshow', (event) => {
  // Back from the browser's page cache, where the session has ended.
  if (event.persisted) location.reload();
});
